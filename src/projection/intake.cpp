// SPDX-License-Identifier: Apache-2.0
#include "projection/intake.hpp"

#include <utility>

namespace aether {

Result<void> Intake::begin(Position after) {
  end();
  subscription_ = Subscription();
  auto queue = std::make_shared<FeedQueue>(capacity_);
  {
    const std::scoped_lock lock(mutex_);
    queue_ = queue;
    if (is_closed_) queue->close();
  }
  auto subscription = store_.subscribe(
      projection_.filter, after, [queue, partition = projection_.partition](const EventPtr& event) {
        if (partition.contains(event->actor_id)) queue->put(event);
      });
  if (!subscription) return std::unexpected(std::move(subscription.error()));
  subscription_ = std::move(*subscription);
  return {};
}

void Intake::end() {
  queue_->close();  // or a handler that waits for room would hold up the stop
  subscription_.stop();
}

void Intake::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  queue_->close();
}

}  // namespace aether
