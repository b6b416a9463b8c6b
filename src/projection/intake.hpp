// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/projection.hpp"
#include "aether/store/event_store.hpp"
#include "projection/feed_queue.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace aether {

/// The events of a projection: a queue, and the subscription that fills it.
///
/// `begin`, `take`, `idle` and `end` are of one thread, all else is of any.
class Intake {
 public:
  Intake(EventStore& store, const Projection& projection, std::size_t capacity)
      : store_(store), projection_(projection), capacity_(capacity) {}

  /// Lets go of what is there, and begins after that position. Errors: those of `subscribe`.
  [[nodiscard]] Result<void> begin(Position after);

  /// As `FeedQueue::take`.
  [[nodiscard]] std::vector<EventPtr> take(std::size_t most, std::chrono::milliseconds timeout) {
    return queue_->take(most, timeout);
  }

  /// Of the subscription: up to its position all is done, where `size` is 0 after it was asked.
  /// (But not once it is closed: then events are let go that the subscription counts.)
  [[nodiscard]] Subscription::Status status() const { return subscription_.status(); }

  /// The subscription's end.
  void end();

  /// For good: nobody waits, and nothing comes any more.
  void close();
  void wake() { queue()->wake(); }
  [[nodiscard]] std::size_t size() const { return queue()->size(); }

 private:
  [[nodiscard]] std::shared_ptr<FeedQueue> queue() const {
    const std::scoped_lock lock(mutex_);
    return queue_;
  }

  EventStore& store_;
  const Projection& projection_;
  const std::size_t capacity_;
  Subscription subscription_;

  mutable std::mutex mutex_;  // guards what follows, but for the thread's own looks at it
  std::shared_ptr<FeedQueue> queue_ = std::make_shared<FeedQueue>(capacity_);
  bool is_closed_ = false;
};

}  // namespace aether
