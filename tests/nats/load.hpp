// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/event_store.hpp"
#include "testing/history.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {

using Time = std::chrono::steady_clock::time_point;

struct LoadOptions {
  std::size_t writers = 64;
  std::size_t actors = 1'000;
  std::uint64_t seed = 1;
};

/// What writers did, and what they were told.
struct LoadRecord {
  /// An append that was acknowledged.
  struct Ack {
    Time begun;  ///< when its last try was
    Time ended;
  };
  std::vector<testing::Operation> operations{};
  std::vector<Ack> acks{};
  std::size_t events = 0;   ///< in what was acknowledged
  std::size_t refused = 0;  ///< conflicts
  std::size_t reads = 0;
  std::size_t unknown = 0;                ///< tries without an outcome
  std::size_t found = 0;                  ///< of them stored, as the repeat said
  std::size_t unavailable = 0;            ///< tries that were said to have done nothing
  std::vector<std::string> complaints{};  ///< what no writer should be told

  void add(LoadRecord other);
};

/// Writers that append to a store and read from it, as fast as they can, until they are stopped.
///
/// An eighth of what they do meets at a few actors. Some commits have one event, some several; some
/// come with an expected version, some with versions of their own, some with neither; some have
/// little time. What has no outcome is appended again, the same events, until it has one: where
/// that is safe, which is where versions were given or expected. So is what was said not to be
/// stored.
class Load {
 public:
  /// Writer `i` uses store `i % stores.size()`. They must outlive this.
  Load(std::vector<EventStore*> stores, const LoadOptions& options);
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Returns when each writer has the outcome of what it had begun.
  void stop();

  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
  /// Whether an append was acknowledged that was begun after `moment`.
  [[nodiscard]] bool goes_on_since(Time moment) const;

  /// Of all writers, once they are stopped.
  [[nodiscard]] LoadRecord take_record();

 private:
  class Writer;

  const std::vector<EventStore*> stores_;
  const LoadOptions options_;
  std::atomic<testing::Moment> now_{0};
  std::atomic<std::size_t> acknowledged_{0};
  std::atomic<Time::rep> last_begun_{0};  ///< of those that were acknowledged
  std::atomic<bool> is_over_{false};
  std::vector<LoadRecord> records_;
  std::vector<std::jthread> threads_;
};

}  // namespace aether::tests
