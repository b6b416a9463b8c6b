// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "nats/commit.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace aether::nats {

using CommitPtr = std::shared_ptr<Commit>;

/// Says which commits may be on their way. Each actor's stand in a lane, in the order of the calls,
/// and only the first of a lane moves; a commit of several actors stands in several. Those of
/// different actors move at once, up to a limit.
///
/// May be used from any thread.
class Lanes {
 public:
  struct Options {
    std::size_t max_in_flight = 1'024;
    std::size_t max_queued_bytes = std::size_t{64} * 1024 * 1024;
  };
  explicit Lanes(const Options& options) : options_(options) {}

  /// Waits for room, for ever or until the deadline; not at all if `is_urgent`. Says whether the
  /// commit may begin now; if not, `leave` or `withdraw` will name it some day. Errors:
  /// `unavailable` (there was no room in time), `closed`.
  [[nodiscard]] Result<bool> enter(const CommitPtr& commit, std::optional<Deadline> wait_for_room,
                                   bool is_urgent);

  /// For one that has begun and has come to its end. Returns those that are to begin now.
  [[nodiscard]] std::vector<CommitPtr> leave(const CommitPtr& commit);

  /// Takes out one that has not begun, and returns those that are to begin now. Nothing if it has
  /// begun.
  [[nodiscard]] std::optional<std::vector<CommitPtr>> withdraw(const CommitPtr& commit);

  /// Lets no more enter, and returns when all have left.
  void close();

 private:
  using Lock = std::unique_lock<std::mutex>;
  void leave_all(const CommitPtr& commit);
  void fill(std::vector<CommitPtr>& startable);

  const Options options_;

  std::mutex mutex_;  // guards all below
  std::unordered_map<std::string, std::deque<CommitPtr>> lanes_;
  std::deque<CommitPtr> ready_;  // first in all their lanes: they wait for room in flight
  std::size_t in_flight_ = 0;
  std::size_t accepted_ = 0;
  std::size_t queued_bytes_ = 0;
  bool is_closing_ = false;
  std::condition_variable changed_;
};

}  // namespace aether::nats
