// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"

#include <atomic>
#include <chrono>

namespace aether::testing {

/// A clock that stands still until it is turned. May be used from any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp{}) : now_(start.time_since_epoch().count()) {}

  [[nodiscard]] Timestamp now() const override {
    return Timestamp{std::chrono::nanoseconds{now_.load()}};
  }

  void set(Timestamp time) { now_.store(time.time_since_epoch().count()); }
  void advance(std::chrono::nanoseconds by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<std::chrono::nanoseconds::rep> now_;
};

}  // namespace aether::testing
