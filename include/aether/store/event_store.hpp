// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/core/filter.hpp"
#include "aether/core/subscription.hpp"
#include "aether/store/durability.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace aether {

struct AppendOptions {
  /// The actor's latest version must be exactly this (0: the actor has no event yet). Only for
  /// events of one actor.
  std::optional<Version> expected_version{};

  /// Refuse with `unsupported`, before anything is written, where the store cannot give this.
  Durability require = Durability::memory();

  /// How long `append` waits; negative: `invalid_argument`. Past it: `unavailable` if the commit
  /// was not begun (it never will be), else `outcome_unknown`.
  std::chrono::milliseconds timeout{10'000};
};

/// What an append is worth.
struct Appended {
  Version version = 0;      ///< of the commit's last event
  Position position = 0;    ///< of the commit's last event
  Durability durability{};  ///< as truly known
  /// The same events had been stored before; nothing was added.
  bool stored_already = false;

  friend bool operator==(const Appended&, const Appended&) = default;
};

struct ReadOptions {
  Version from_version = 1;  ///< inclusive
  std::size_t limit = std::numeric_limits<std::size_t>::max();
};

/// A stretch of the store's order, filtered.
struct Page {
  std::vector<EventPtr> events{};
  Position next = 0;  ///< the `after` that continues from here: everything up to it has been seen
};

/// Keeps events, for ever and unchanged: there is no update and no delete, by design. A correction
/// is a new event.
///
/// All members may be called from any thread at any time. Destroying a store finishes the appends
/// that were accepted and ends its subscriptions with `closed`. A store is of the process that made
/// it: after `fork` the child must not use it, nor destroy it (`_exit` or exec, or open its own).
class EventStore {
 public:
  /// Called once with an append's outcome; for one actor's commits in the order of positions, where
  /// they succeeded. On a thread of the store, or on that of any caller that is within `append` or
  /// `append_async`, maybe before `append_async` returns. It must not block, call `append` (but may
  /// call `append_async`) or destroy the store. What it throws is caught, logged where the store
  /// has a log, and goes no further: the append stays what it is.
  using Completion = std::move_only_function<void(Result<Appended>)>;

  virtual ~EventStore() = default;

  /// Appends a commit: its events are stored all, or none.
  ///
  /// It is accepted when each actor's first version is greater than its latest, versions within
  /// the commit strictly increase per actor (an event with version 0 gets the next one), and
  /// `expected_version`, where given, is the actor's latest.
  ///
  /// Appending again what is stored already (same actors, versions and ids) succeeds and changes
  /// nothing, however much later: so a retry after `outcome_unknown` is safe. It needs ids, and
  /// versions or `expected_version`; an event at version 0 without `expected_version` is new each
  /// time.
  ///
  /// Errors: `version_conflict` (carries the actor's version; nothing was stored),
  /// `invalid_argument`, `too_large`, `unsupported`, `permission_denied`, `unavailable` (nothing
  /// was stored), `outcome_unknown`, `closed`.
  [[nodiscard]] Result<Appended> append(Event event, const AppendOptions& options = {});
  [[nodiscard]] Result<Appended> append(std::span<const Event> events,
                                        const AppendOptions& options = {});
  /// A template only so that braces always mean one event: `append({.event_type = …})`.
  template <std::same_as<std::vector<Event>> Events>
  [[nodiscard]] Result<Appended> append(Events events, const AppendOptions& options = {}) {
    return append_moved(std::move(events), options);
  }

  /// The same without waiting, for throughput. Commits of one caller for one actor are stored in
  /// the order of the calls; those for different actors in any order, unless one of them waits for
  /// the other's completion. Blocks only while the store's queue is full. `options.timeout` is not
  /// waited for. An empty `done` means that nobody asks for the outcome.
  void append_async(std::vector<Event> events, const AppendOptions& options, Completion done);

  /// An actor's events in the order of their versions; none for an unknown actor.
  [[nodiscard]] virtual Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                                           const ReadOptions& options = {}) = 0;

  /// The next events after `after` in the store's order that pass the filter, at most `limit` (at
  /// least 1). An empty page: nothing more for now.
  [[nodiscard]] virtual Result<Page> read_all(const Filter& filter, Position after,
                                              std::size_t limit) = 0;

  /// 0 for an unknown actor.
  [[nodiscard]] virtual Result<Version> latest_version(std::string_view actor_id) = 0;

  /// Delivers every event of the filter after `after`, in order, none skipped, none twice: first
  /// those stored already, then each new one as it is stored, also by other processes.
  ///
  /// An `after` beyond the store's end is no error: it waits, and passes over all that comes up to
  /// there. So after a backup was restored look whether a position kept elsewhere is larger than
  /// the store's last: what is appended in the gap would silently be missed. Begin anew then.
  [[nodiscard]] virtual Result<Subscription> subscribe(Filter filter, Position after,
                                                       EventHandler handler) = 0;

  /// The best that an append to this store is worth.
  [[nodiscard]] virtual Durability durability() const = 0;

 protected:
  /// What a store implements. `events` is not empty and may be moved from; `prepare_commit` and
  /// `judge_commit` (store/commit.hpp) do what all stores have in common.
  virtual Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) = 0;

  /// Calls `do_append` and then `done`, unless a store can do better. A store calls completions by
  /// `complete_append` (store/commit.hpp).
  virtual void do_append_async(std::vector<Event> events, const AppendOptions& options,
                               Completion done);

 private:
  Result<Appended> append_moved(std::vector<Event> events, const AppendOptions& options);
};

}  // namespace aether
