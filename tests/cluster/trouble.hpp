// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/simulated_registry.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace aether {

/// What chance does in a simulation: the same from the same seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : numbers_(seed) {}

  [[nodiscard]] bool happens(double chance) {
    return std::uniform_real_distribution<>(0, 1)(numbers_) < chance;
  }
  [[nodiscard]] std::chrono::nanoseconds between(std::chrono::nanoseconds a,
                                                 std::chrono::nanoseconds b) {
    return std::chrono::nanoseconds(
        std::uniform_int_distribution<std::int64_t>(a.count(), b.count())(numbers_));
  }
  [[nodiscard]] std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(numbers_);
  }
  /// Of a clock: 5 % fast or slow, or right.
  [[nodiscard]] double rate() {
    constexpr double kRates[] = {0.95, 0.95, 1.0, 1.05, 1.05};
    return kRates[below(std::size(kRates))];
  }
  [[nodiscard]] testing::LinkFaults faults() {
    testing::LinkFaults faults;
    faults.longest = std::chrono::microseconds(happens(0.3) ? 200'000 : 3'000);
    for (double* const chance : {&faults.lose_request, &faults.lose_reply, &faults.late,
                                 &faults.twice, &faults.refuse, &faults.gap}) {
      *chance = happens(0.3) ? 0.15 : 0;
    }
    return faults;
  }

 private:
  std::mt19937_64 numbers_;
};

}  // namespace aether
