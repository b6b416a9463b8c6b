// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace aether {

/// Time since the machine booted, the time that it was suspended included (CLOCK_BOOTTIME). Nobody
/// sets it, and it does not stand still while the machine sleeps: what leases are counted in.
using BootTime = std::chrono::duration<std::int64_t, std::nano>;

/// Runs tasks one at a time, in the order of their times, and those of one time in the order in
/// which they were posted. With it a test can turn time (`testing::VirtualTime`).
///
/// A task must not block: those behind it wait. It must not throw: that ends the program.
class Scheduler {
 public:
  using Task = std::move_only_function<void()>;

  Scheduler() = default;
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// From any thread.
  [[nodiscard]] virtual BootTime now() const = 0;

  /// Runs `task` soon, never within this call. From any thread, in a task too.
  virtual void post(Task task) = 0;

  /// Runs `task` when `delay` is over, or as soon after as may be.
  virtual void post_after(std::chrono::nanoseconds delay, Task task) = 0;
};

/// A scheduler with one thread, which sleeps while there is nothing to do.
///
/// When the last reference goes, the task that runs is waited for, unless that happens within it;
/// no other begins, and they are destroyed. At the program's exit the same happens, except that a
/// task which blocks is waited for two seconds at most.
///
/// Errors: `unavailable` when the system has no thread, or no timer, left.
[[nodiscard]] Result<std::shared_ptr<Scheduler>> make_scheduler();

}  // namespace aether
