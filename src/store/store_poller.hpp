// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "core/executor.hpp"
#include "store/notifier.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace aether {

/// Looks for what nobody here tells of (events of other processes), once for all subscriptions of a
/// store, and wakes them when the store ends elsewhere. While none of them waits, it does not look.
class StorePoller {
 public:
  /// The position of the store's last event. An error wakes all, too: each finds out for itself.
  using Look = std::function<Result<Position>()>;

  StorePoller(Look look, std::shared_ptr<Notifier> notifier, std::chrono::milliseconds interval)
      : look_(std::move(look)), notifier_(std::move(notifier)), interval_(interval) {}
  ~StorePoller();
  StorePoller(const StorePoller&) = delete;
  StorePoller& operator=(const StorePoller&) = delete;

  /// Begins, unless it has; ends when the notifier is closed.
  void start(const std::shared_ptr<Executor>& executor);

 private:
  class Looking;

  const Look look_;
  const std::shared_ptr<Notifier> notifier_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards looking_
  std::shared_ptr<Activity> looking_;
};

}  // namespace aether
