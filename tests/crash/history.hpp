// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "random.hpp"

#include "aether/core/event.hpp"
#include "aether/store/snapshot_store.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aether::crash {

/// Events for one append, complete: ids, versions and timestamps are given, so that what comes back
/// must be equal, and so that the same append can be repeated.
using Commit = std::vector<Event>;

struct HistoryOptions {
  std::uint64_t seed = 1;
  std::string name = "a";  ///< keeps histories in one store apart: it is in every id
  std::size_t actors = 8;
  std::size_t max_events = 20;       ///< in a commit
  std::size_t max_data_bytes = 900;  ///< payloads grow up to this over 100 commits
};

/// Commits for a store, the same for the same options: of one or several actors, small and large,
/// JSON and bytes, with and without metadata, some versions left out.
class History {
 public:
  explicit History(HistoryOptions options);

  /// Makes the next commit. Valid until the next call.
  const Commit& next();

  [[nodiscard]] const std::vector<Commit>& commits() const { return commits_; }

  /// A snapshot of an actor that has events already.
  [[nodiscard]] Snapshot snapshot();

 private:
  Event make_event(std::size_t actor);
  Data make_data();

  HistoryOptions options_;
  Random random_;
  std::vector<Version> versions_;  // of each actor
  std::vector<Commit> commits_;
  std::uint64_t events_ = 0;
  std::uint64_t snapshots_ = 0;
};

/// The ids of all actors in `commits`, each once.
[[nodiscard]] std::vector<std::string> actors_of(std::span<const Commit> commits);

}  // namespace aether::crash
