// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/snapshot_store.hpp"

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aether {

/// What replays did, over a program's life. May be shared by threads.
struct ReplayCounters {
  std::atomic<std::uint64_t> replays{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> snapshots_used{0};
  std::atomic<std::uint64_t> snapshots_ignored{0};  ///< corrupt, of another schema, or not ours
};

/// Time travel: the state as it was. Both bounds are inclusive.
struct ReplayOptions {
  Version until_version = kMaxVersion;
  Timestamp until_time = Timestamp::max();  ///< stops before the first event after it
  std::size_t page_size = 1'000;            ///< events held in memory at a time
  /// Fold what is left of a history whose beginning the store's retention has removed.
  bool allow_shortened = false;
  ReplayCounters* counters = nullptr;  ///< must outlive the call
  LogSink log{};                       ///< hears why a snapshot was ignored
};

template <class State>
struct Replayed {
  State state{};
  Version version = 0;           ///< of the last event in `state`; 0: the actor has none
  std::uint64_t events = 0;      ///< how many were folded
  Version snapshot_version = 0;  ///< of the snapshot that was used; 0: none
};

/// How a state becomes a snapshot's data and comes back. `aether::json::snapshot_codec` makes one.
template <class State>
struct SnapshotCodec {
  std::string schema{};  ///< snapshots of another schema are ignored
  std::function<Result<Data>(const State&)> encode{};
  std::function<Result<State>(const Data&)> decode{};
};

namespace detail {
using Fold = std::function<Result<void>(const EventPtr&)>;
struct Progress {
  Version version = 0;
  std::uint64_t events = 0;
};
/// Feeds the events after `from` to `fold`, page by page, up to its first error.
[[nodiscard]] Result<Progress> fold_events(EventStore& store, std::string_view actor_id,
                                           Version from, const ReplayOptions& options,
                                           const Fold& fold);
/// The stored snapshot if it may be used, counted and logged if not. A snapshot that is ahead of
/// the store's history (a store restored from a backup) is not ours.
[[nodiscard]] std::optional<Snapshot> usable_snapshot(EventStore& store, SnapshotStore& snapshots,
                                                      std::string_view actor_id,
                                                      std::string_view schema,
                                                      const ReplayOptions& options);
void count_ignored(const ReplayOptions& options, std::string_view actor_id, std::string_view why);
void count_replay(const ReplayOptions& options, const Progress& progress, bool snapshot_used);

/// How `evolve` takes `state` one event on.
template <class State, class Evolve>
[[nodiscard]] auto stepper(State& state, Evolve& evolve) {
  return [&](const EventPtr& event) -> Result<void> {
    auto next = evolve(std::move(state), static_cast<const Event&>(*event));
    if constexpr (std::same_as<decltype(next), Result<State>>) {
      if (!next) return std::unexpected(std::move(next.error()));
      state = std::move(*next);
    } else {
      state = std::move(next);
    }
    return {};
  };
}
}  // namespace detail

/// Folds an actor's events into a state: `state = evolve(std::move(state), event)` for each event,
/// in the order of versions. An unknown actor gives `initial` and version 0.
///
/// `evolve` is `State(State, const Event&)` or, where an event may be one that it cannot read,
/// `Result<State>(State, const Event&)`; it must be pure. Its first error ends the replay and is
/// returned, with the event's actor, version and position. What it throws reaches the caller.
/// `not_found`: the history is not there from its beginning on, which its audit chain shows; the
/// error names the version from which on it is. Other errors are those of `EventStore::read`.
template <class State, class Evolve>
[[nodiscard]] Result<Replayed<State>> replay(EventStore& store, std::string_view actor_id,
                                             State initial, Evolve&& evolve,
                                             const ReplayOptions& options = {}) {
  auto progress =
      detail::fold_events(store, actor_id, 0, options, detail::stepper(initial, evolve));
  if (!progress) return std::unexpected(std::move(progress.error()));
  detail::count_replay(options, *progress, false);
  return Replayed<State>{
      .state = std::move(initial), .version = progress->version, .events = progress->events};
}

/// The same, starting from the actor's snapshot where there is one. A snapshot that is corrupt, of
/// another schema, or not of this history is ignored and counted, and the replay is full.
template <class State, class Evolve>
[[nodiscard]] Result<Replayed<State>> replay(EventStore& store, SnapshotStore& snapshots,
                                             const SnapshotCodec<State>& codec,
                                             std::string_view actor_id, State initial,
                                             Evolve&& evolve, const ReplayOptions& options = {}) {
  Version from = 0;
  if (auto snapshot = detail::usable_snapshot(store, snapshots, actor_id, codec.schema, options)) {
    if (auto state = codec.decode(snapshot->data)) {
      initial = std::move(*state);
      from = snapshot->version;
    } else {
      detail::count_ignored(options, actor_id, state.error().message);
    }
  }
  auto progress =
      detail::fold_events(store, actor_id, from, options, detail::stepper(initial, evolve));
  if (!progress) return std::unexpected(std::move(progress.error()));
  detail::count_replay(options, *progress, from != 0);
  return Replayed<State>{.state = std::move(initial),
                         .version = progress->version,
                         .events = progress->events,
                         .snapshot_version = from};
}

/// Saves `state` as the actor's snapshot at `version`.
template <class State>
[[nodiscard]] Result<void> save_snapshot(SnapshotStore& snapshots,
                                         const SnapshotCodec<State>& codec,
                                         std::string_view actor_id, const State& state,
                                         Version version) {
  auto data = codec.encode(state);
  if (!data) return std::unexpected(std::move(data.error()));
  return snapshots.save({.actor_id = std::string(actor_id),
                         .version = version,
                         .schema = codec.schema,
                         .data = std::move(*data)});
}

}  // namespace aether
