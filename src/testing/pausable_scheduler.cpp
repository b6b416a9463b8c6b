// SPDX-License-Identifier: Apache-2.0
#include "testing/pausable_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace aether::testing {

PausableScheduler::PausableScheduler(std::shared_ptr<Scheduler> inner) : inner_(std::move(inner)) {}

void PausableScheduler::pause(std::chrono::nanoseconds time) {
  paused_until_ = std::max(paused_until_, inner_->now() + time);
}

void PausableScheduler::post_after(std::chrono::nanoseconds delay, Task task) {
  if (crashed_) return;
  delay = std::max(delay, delay.zero()) + stalled_;
  inner_->post_after(delay, [weak = weak_from_this(), task = std::move(task)]() mutable {
    if (const auto self = weak.lock()) self->run(std::move(task));
  });
}

void PausableScheduler::run(Task task) {
  if (crashed_) return;
  if (const BootTime left = paused_until_ - inner_->now(); left > BootTime::zero()) {
    inner_->post_after(left, [weak = weak_from_this(), task = std::move(task)]() mutable {
      if (const auto self = weak.lock()) self->run(std::move(task));
    });
    return;
  }
  task();
  pause(std::exchange(stalled_, BootTime::zero()));
}

}  // namespace aether::testing
