// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/deadline.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace aether {

/// Wakes those who wait for new events. Costs a writer one atomic load while nobody waits.
///
/// No wake-up is lost: a waiter announces itself, then looks for events, then sleeps; a writer
/// stores its events, then looks for waiters. Both sequences are sequentially consistent.
class Notifier {
 public:
  /// Announces a waiter for its lifetime.
  class Waiter {
   public:
    explicit Waiter(Notifier& notifier) : notifier_(notifier), seen_(notifier.announce()) {}
    ~Waiter() { notifier_.waiters_.fetch_sub(1); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Returns once `notify` or `close` was called since this was made, a stop is requested, or
    /// `timeout` has passed.
    void wait(const std::stop_token& stop, std::chrono::milliseconds timeout) {
      std::unique_lock lock(notifier_.mutex_);
      notifier_.changed_.wait_until(lock, stop, deadline_after(timeout), [this] {
        return notifier_.calls_ != seen_ || notifier_.closed_;
      });
    }

   private:
    Notifier& notifier_;
    std::uint64_t seen_;
  };

  void notify() {
    if (waiters_.load() == 0) return;
    {
      const std::scoped_lock lock(mutex_);
      ++calls_;
    }
    changed_.notify_all();
  }

  /// Wakes all, now and whenever they come to wait again: there will be no more events.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

  [[nodiscard]] bool closed() const {
    const std::scoped_lock lock(mutex_);
    return closed_;
  }

 private:
  /// Returns the calls so far.
  std::uint64_t announce() {
    waiters_.fetch_add(1);
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

  std::atomic<int> waiters_{0};
  mutable std::mutex mutex_;  // guards calls_ and closed_
  std::condition_variable_any changed_;
  std::uint64_t calls_ = 0;
  bool closed_ = false;
};

}  // namespace aether
