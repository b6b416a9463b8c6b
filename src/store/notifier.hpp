// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/executor.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace aether {

/// Wakes the activities that wait for new events. Costs a writer one atomic load while none waits.
///
/// No wake-up is lost: an activity announces itself, then looks for events, then sleeps; a writer
/// stores its events, then looks for those who wait. Both sequences are sequentially consistent.
class Notifier {
 public:
  /// `activity` will be woken once, by the next `notify` or by `close`, unless it withdraws.
  void announce(Activity& activity) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.try_emplace(&activity, activity.weak_from_this()).second) count_.fetch_add(1);
  }

  /// For one that has found events, or is to go.
  void withdraw(Activity& activity) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.erase(&activity) != 0) count_.fetch_sub(1);
  }

  [[nodiscard]] bool is_awaited() const { return count_.load() != 0; }

  void notify() {
    if (count_.load() != 0) wake_all();
  }

  /// Wakes all: there will be no more events. Who announces itself later asks whether it is closed.
  void close() {
    closed_ = true;
    wake_all();
  }

  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void wake_all() {
    std::unordered_map<Activity*, std::weak_ptr<Activity>> woken;
    {
      const std::scoped_lock lock(mutex_);
      woken.swap(waiting_);
      count_ = 0;
    }
    // Not under the lock: to let go of the last reference may end what withdraws.
    for (const auto& [address, one] : woken) {
      if (const auto activity = one.lock()) activity->wake();
    }
  }

  std::atomic<std::size_t> count_{0};  // of waiting_
  std::atomic<bool> closed_{false};
  std::mutex mutex_;  // guards waiting_
  std::unordered_map<Activity*, std::weak_ptr<Activity>> waiting_;
};

}  // namespace aether
