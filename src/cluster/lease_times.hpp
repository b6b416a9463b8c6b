// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/core/scheduler.hpp"

#include <chrono>

namespace aether {

/// A time by this node's clock that no clock within the drift takes for longer than `time`.
[[nodiscard]] inline BootTime at_most(std::chrono::milliseconds time, double clock_drift) {
  const auto exact = static_cast<double>(BootTime(time).count());
  return BootTime(static_cast<BootTime::rep>(exact * (1 - clock_drift)));
}

/// A time by this node's clock that no clock within the drift takes for shorter than `time`.
[[nodiscard]] inline BootTime at_least(std::chrono::milliseconds time, double clock_drift) {
  const auto exact = static_cast<double>(BootTime(time).count());
  return BootTime(static_cast<BootTime::rep>(exact * (1 + clock_drift)) + 1);
}

/// For how long after a put was sent its sender may act on it.
[[nodiscard]] inline BootTime holders_time(const LeaseOptions& options) {
  return at_most(options.ttl, options.clock_drift) - options.margin;
}

}  // namespace aether
