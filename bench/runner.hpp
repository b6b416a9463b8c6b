// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "row.hpp"
#include "statistics.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace aether::bench {

struct Plan {
  std::size_t pairs = 15;
  std::chrono::nanoseconds run_time = std::chrono::milliseconds(300);  ///< of timed work, each side
  std::chrono::milliseconds quiet_wait{1'000};  ///< before each pair, at most
};

/// A row and what became of it.
struct Outcome {
  Row row;
  Runs runs;
  Verdict verdict = Verdict::not_measured;
  std::string problem;       ///< why something was not measured
  std::vector<double> busy;  ///< other runnable tasks before each pair
};

/// Runs ours and the reference in turn, each in a process of its own, the order swapped with each
/// pair: what drifts on the machine hits both alike. Where only the reference fails, ours is still
/// measured.
[[nodiscard]] Outcome run_row(const Row& row, const Plan& plan,
                              const std::function<void(std::size_t pair)>& progress);

}  // namespace aether::bench
