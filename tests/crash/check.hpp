// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include "aether/sqlite/store.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace aether::crash {

/// Whether a commit must be in the store.
enum class Presence {
  present,  ///< it was acknowledged
  absent,   ///< it was refused
  either,   ///< nobody was told
};

/// What must be found in a store.
struct Expectation {
  std::span<const Commit> commits;        ///< in the order in which they were handed in
  std::vector<Presence> presence;         ///< one a commit
  std::vector<Position> positions;        ///< of each commit's last event; 0 where it is not known
  bool ordered = true;                    ///< they are stored in that order
  bool gapless = false;                   ///< a commit is there only if all before it are
  std::span<const Snapshot> snapshots{};  ///< in the order in which they were saved
  std::vector<Presence> snapshot_presence{};
};

/// What is wrong with a store after a crash.
class Complaints {
 public:
  enum class Kind {
    lost,        ///< an acknowledged commit or snapshot is not there
    phantom,     ///< something is there that was refused, or never handed in
    half,        ///< a commit is there in part
    changed,     ///< an event is not as it was written, or not where it was
    corrupt,     ///< the store cannot be opened or read, or says itself that it is damaged
    stuck,       ///< the store takes no more appends, or does not answer
    wrong_code,  ///< the store said something that is not so
  };

  void add(Kind kind, std::string what);

  [[nodiscard]] bool empty() const { return counts_.empty(); }
  [[nodiscard]] std::size_t count(Kind kind) const;

  /// The first few, one a line.
  [[nodiscard]] std::string text() const;

 private:
  std::map<Kind, std::size_t> counts_;
  std::vector<std::string> messages_;
};

/// All events of a store in its order, read page by page.
[[nodiscard]] std::vector<EventPtr> read_everything(EventStore& store, Complaints& complaints);

/// Compares all events of a history, as they were read, with what must be there. Returns which
/// commits are.
std::vector<bool> check_events(std::span<const EventPtr> events, const Expectation& expectation,
                               Complaints& complaints);

/// Checks what the store offers beside `read_all`: each actor's history and latest version, the
/// snapshots, and `verify`.
void check_store(sqlite::Store& store, std::span<const EventPtr> events,
                 const Expectation& expectation, Complaints& complaints);

/// Runs `verify`, which must find nothing, in as many events as were read.
void check_verify(EventStore& store, std::size_t events, Complaints& complaints);

/// Appends all that is not there or not known to be, twice each; then something new. Afterwards
/// all of it must be there, once.
void check_goes_on(sqlite::Store& store, const Expectation& expectation,
                   const std::vector<bool>& there, Complaints& complaints);

/// Runs SQLite's own integrity check over a closed database.
void check_integrity(const std::string& path, Complaints& complaints);

}  // namespace aether::crash
