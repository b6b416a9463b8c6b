// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signals.hpp"
#include "wakeup.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace aether::cli {

/// Does something when a signal has come and what it was to end goes on for `grace` all the same:
/// until then the work may end by itself, with all that belongs to an orderly end.
class OnInterrupt {
 public:
  OnInterrupt(const Signals& signals, std::chrono::milliseconds grace,
              std::function<void()> action);
  /// Waits for an action that is running.
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  Wakeup over_;
  std::thread thread_;
};

/// What `work` returns; or nothing once a signal has come: `work` then goes on by itself, on a
/// thread that nobody waits for. So it must keep alive what it uses, and the program must end by
/// `std::_Exit`.
template <class Work>
[[nodiscard]] auto unless_interrupted(const Signals& signals, Work work)
    -> std::optional<decltype(work())> {
  struct State {
    std::optional<decltype(work())> result{};
    Wakeup done{};
  };
  auto state = std::make_shared<State>();
  std::thread([state, work = std::move(work)]() mutable {
    state->result.emplace(work());
    state->done.raise();
  }).detach();
  const std::array<int, 2> inputs{signals.fd(), state->done.fd()};
  wait_for_any(inputs, -1, kForEver);
  if (!state->done.is_raised()) return std::nullopt;
  return std::move(state->result);
}

}  // namespace aether::cli
