// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <time.h>

#include <chrono>
#include <cstdint>
#include <functional>

namespace aether::bench {

/// What one run of a probe found.
struct Sample {
  double value = 0;   ///< in the row's unit, mostly wall nanoseconds per operation
  double cpu_ns = 0;  ///< CPU nanoseconds of all threads per operation; 0 where that says nothing
};

/// When a run ends.
struct Budget {
  std::chrono::nanoseconds time{};  ///< of timed work
  std::uint64_t operations = 0;     ///< or, when not 0, at least so many operations
};

/// One run: sets up, works until the budget is used up, checks that its results are right.
using Probe = std::function<Result<Sample>(const Budget&)>;

/// Times only what it is given, so that setting up does not count.
class Meter {
 public:
  explicit Meter(const Budget& budget) : budget_(budget) {}

  [[nodiscard]] bool wants_more() const {
    return budget_.operations != 0 ? operations_ < budget_.operations : wall_ < budget_.time;
  }

  template <class Work>
  void time(std::uint64_t operations, Work&& work) {
    const auto cpu = cpu_time();
    const auto start = std::chrono::steady_clock::now();
    std::forward<Work>(work)();
    add(operations, std::chrono::steady_clock::now() - start, cpu_time() - cpu);
  }

  /// For work that measured itself.
  void add(std::uint64_t operations, std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu) {
    operations_ += operations;
    wall_ += wall;
    cpu_ += cpu;
  }

  [[nodiscard]] Sample sample() const {
    const auto n = static_cast<double>(operations_);
    return {.value = static_cast<double>(wall_.count()) / n,
            .cpu_ns = static_cast<double>(cpu_.count()) / n};
  }

  [[nodiscard]] static std::chrono::nanoseconds cpu_time() {
    timespec now{};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

 private:
  Budget budget_;
  std::uint64_t operations_ = 0;
  std::chrono::nanoseconds wall_{};
  std::chrono::nanoseconds cpu_{};
};

/// Keeps the compiler from leaving out the work that made `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace aether::bench
