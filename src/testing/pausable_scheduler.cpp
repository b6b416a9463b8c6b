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
  held_.push_back(std::move(task));
  if (held_.size() == 1) run_held();
}

/// What comes meanwhile waits in line: it must not get before what came earlier.
void PausableScheduler::run_held() {
  while (!held_.empty()) {
    if (crashed_) return held_.clear();
    if (const BootTime left = paused_until_ - inner_->now(); left > BootTime::zero()) {
      return inner_->post_after(left, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->run_held();
      });
    }
    held_.front()();
    held_.pop_front();
    pause(std::exchange(stalled_, BootTime::zero()));
  }
}

}  // namespace aether::testing
