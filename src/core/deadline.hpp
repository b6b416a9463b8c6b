// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace aether {

/// A wait may be asked to last longer than the clock can count: then it lasts this long. A hundred
/// years from now is still within the 292 that nanoseconds reach.
inline constexpr std::chrono::milliseconds kLongestWait = std::chrono::years(100);

/// `timeout` from now, for any timeout: at once for a negative one.
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_after(
    std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() +
         std::clamp(timeout, std::chrono::milliseconds::zero(), kLongestWait);
}

}  // namespace aether
