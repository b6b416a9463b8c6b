// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace aether::tests {

/// For what happens in other processes, which wake nobody here: looks until `is_true` or until
/// half a minute has passed, and says whether it came true.
template <std::predicate Condition>
[[nodiscard]] bool wait_until(Condition is_true) {
  constexpr std::chrono::seconds kPatience{30};  // a machine that is busy with other tests
  constexpr std::chrono::milliseconds kLook{5};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace aether::tests
