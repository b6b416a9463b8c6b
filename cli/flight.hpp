// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/event_store.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

namespace aether::cli {

/// The commits that a store has been given and has not answered yet. Used by one thread, and by
/// whichever the store calls completions on.
class Flight {
 public:
  /// A commit that failed.
  struct Failed {
    std::uint64_t tag = 0;  ///< what `send` was given
    Error error{};
  };
  struct Landed {
    std::uint64_t commits = 0;
    std::uint64_t events = 0;
    Position position = 0;           ///< the highest
    std::optional<Failed> failed{};  ///< the first, in the order in which they were sent
  };

  explicit Flight(EventStore& store) : store_(store) {}
  ~Flight() { wait_below(1); }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  /// Appends without waiting. The number of the commit: 1, 2, …
  std::uint64_t send(std::uint64_t tag, std::vector<Event> events, const AppendOptions& options);

  /// As if the store had been given a commit and had refused it.
  void refuse(std::uint64_t tag, Error error);

  void wait_below(std::size_t commits);  ///< until fewer than so many are in flight
  void wait_for(std::uint64_t number);   ///< until all up to this commit have landed

  [[nodiscard]] Landed landed() const;

 private:
  struct Sent {
    std::uint64_t number;
    std::uint64_t tag;
    std::size_t events;
  };
  std::uint64_t begin();
  void land(const Sent& sent, Result<Appended> result);

  EventStore& store_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t first_ = 1;        // all before it have landed
  std::deque<bool> has_landed_{};  // those from it on
  std::size_t in_flight_ = 0;
  std::size_t wake_below_ = 0;  // what the thread that sends waits for
  std::uint64_t wake_after_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t failed_number_ = 0;
  Landed landed_{};
};

}  // namespace aether::cli
