// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include <array>

namespace aether::cli {

OnInterrupt::OnInterrupt(const Signals& signals, std::chrono::milliseconds grace,
                         std::function<void()> action)
    : thread_([this, &signals, grace, action = std::move(action)] {
        const std::array<int, 2> inputs{signals.fd(), over_.fd()};
        wait_for_any(inputs, -1, kForEver);
        const bool was_over = wait_for_any(std::span(inputs).last(1), -1, grace);
        if (!was_over) action();
      }) {}

OnInterrupt::~OnInterrupt() {
  over_.raise();
  thread_.join();
}

}  // namespace aether::cli
