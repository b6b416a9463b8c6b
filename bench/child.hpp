// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <string>
#include <vector>

namespace aether::bench {

/// Runs a probe in a process of its own, so that no run inherits another's heap, threads or caches,
/// and so that a crash is one row's error. The caller must have no threads.
[[nodiscard]] Result<Sample> run_forked(const Probe& probe, const Budget& budget);

/// The same for work without a number.
[[nodiscard]] Result<void> run_forked(const std::function<Result<void>()>& work);

/// Runs a program and gives its standard output; `unavailable` where it cannot be run or fails.
[[nodiscard]] Result<std::string> output_of(std::vector<std::string> command);

}  // namespace aether::bench
