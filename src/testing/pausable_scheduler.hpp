// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/scheduler.hpp"

#include <chrono>
#include <deque>
#include <memory>

namespace aether::testing {

/// The scheduler of a node that can be held up at any point, as a process is by SIGSTOP or a busy
/// machine. Its clock runs on. For one thread, in a `VirtualTime`.
class PausableScheduler final : public Scheduler,
                                public std::enable_shared_from_this<PausableScheduler> {
 public:
  explicit PausableScheduler(std::shared_ptr<Scheduler> inner);

  /// No task begins for so long, by this node's clock.
  void pause(std::chrono::nanoseconds time);
  /// Within a task: so much time passes at this point of it.
  void stall(std::chrono::nanoseconds time) { stalled_ += time; }
  /// The node has crashed: nothing runs any more.
  void crash() { crashed_ = true; }

  [[nodiscard]] bool is_paused() const { return inner_->now() < paused_until_; }

  [[nodiscard]] BootTime now() const override { return inner_->now() + stalled_; }
  void post(Task task) override { post_after({}, std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override;

 private:
  void run(Task task);
  void run_held();

  const std::shared_ptr<Scheduler> inner_;
  std::deque<Task> held_;
  BootTime paused_until_{};
  BootTime stalled_{};  // in the task that runs
  bool crashed_ = false;
};

}  // namespace aether::testing
