// SPDX-License-Identifier: Apache-2.0
#include "store/store_poller.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace aether {

namespace {

constexpr std::chrono::milliseconds kLongestPause{1'000};  // while the store cannot be read

}  // namespace

class StorePoller::Looking final : public Activity {
 public:
  Looking(std::shared_ptr<Executor> executor, Look look, std::shared_ptr<Notifier> notifier,
          std::chrono::milliseconds interval)
      : Activity(std::move(executor)),
        look_(std::move(look)),
        notifier_(std::move(notifier)),
        interval_(interval) {}

 private:
  bool turn() noexcept override {
    if (notifier_->closed()) return false;
    if (notifier_->is_awaited()) look();
    wake_after(pause_);
    return false;
  }

  // Whoever waits has announced itself before it read: so what it did not see makes a difference
  // between two looks, or there was none before this one.
  void look() {
    const auto end = look_();
    if (!end || end_ != *end) notifier_->notify();
    pause_ = end ? interval_ : std::min(pause_ * 2, std::max(interval_, kLongestPause));
    end_ = end ? std::optional(*end) : std::nullopt;
  }

  const Look look_;
  const std::shared_ptr<Notifier> notifier_;
  const std::chrono::milliseconds interval_;
  std::chrono::milliseconds pause_ = interval_;
  std::optional<Position> end_;  // at the last look
};

StorePoller::~StorePoller() {
  if (looking_) looking_->stop();
}

void StorePoller::start(const std::shared_ptr<Executor>& executor) {
  const std::scoped_lock lock(mutex_);
  if (looking_) return;
  looking_ = std::make_shared<Looking>(executor, look_, notifier_, interval_);
  looking_->wake();
}

}  // namespace aether
