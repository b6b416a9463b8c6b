// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "core/deadline.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace aether {

/// Events between a subscription, which puts them in, and the one who applies them: at most
/// `capacity`, and few where they are large.
class FeedQueue {
 public:
  explicit FeedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits while the queue is full. Once it is closed, the event goes nowhere.
  void put(EventPtr event) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || has_room(); });
    if (closed_) return;
    bytes_ += event->data.size();
    events_.push_back(std::move(event));
    if (events_.size() == 1) filled_.notify_one();
  }

  /// What is there, at most `most`; waits for the first of it up to `timeout`, or until `wake`.
  [[nodiscard]] std::vector<EventPtr> take(std::size_t most, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(lock, deadline_after(timeout),
                       [this] { return woken_ || closed_ || !events_.empty(); });
    woken_ = false;
    const auto end = events_.begin() + static_cast<std::ptrdiff_t>(std::min(most, events_.size()));
    std::vector<EventPtr> taken(std::move_iterator(events_.begin()), std::move_iterator(end));
    const bool was_full = !has_room();
    events_.erase(events_.begin(), end);
    for (const EventPtr& event : taken) bytes_ -= event->data.size();
    if (was_full && has_room()) room_.notify_one();
    return taken;
  }

  void wake() {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    filled_.notify_one();
  }

  /// For good: nobody waits any more.
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return events_.size();
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{64} * 1024 * 1024;  // of data

  [[nodiscard]] bool has_room() const { return events_.size() < capacity_ && bytes_ < kMostBytes; }

  const std::size_t capacity_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<EventPtr> events_;
  std::size_t bytes_ = 0;  // of their data
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace aether
