// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"

#include <chrono>

namespace aether {

/// What waits are measured by: the clock that a test turns, or else one that nobody sets.
class Timer {
 public:
  explicit Timer(const Clock* clock) : clock_(clock) {}

  [[nodiscard]] bool is_turned() const { return clock_ != nullptr; }

  /// Since some moment, the same for the life of the process.
  [[nodiscard]] std::chrono::nanoseconds now() const {
    return is_turned() ? clock_->now().time_since_epoch()
                       : std::chrono::steady_clock::now().time_since_epoch();
  }

 private:
  const Clock* clock_;
};

}  // namespace aether
