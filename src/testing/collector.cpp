// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"

#include "testing/waiting.hpp"

#include <gtest/gtest.h>

namespace aether::testing {

EventHandler Collector::handler() {
  return [kept = kept_](const EventPtr& event) {
    {
      const std::scoped_lock lock(kept->mutex);
      EXPECT_FALSE(kept->busy) << "the handler is called by two threads at once";
      kept->busy = true;
    }
    const std::scoped_lock lock(kept->mutex);
    kept->events.push_back(event);
    kept->busy = false;
    kept->arrived.notify_all();
  };
}

bool Collector::wait_for(std::size_t count) const {
  std::unique_lock lock(kept_->mutex);
  return kept_->arrived.wait_for(lock, patience(), [&] { return kept_->events.size() >= count; });
}

std::vector<EventPtr> Collector::events() const {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->events;
}

std::vector<std::string> names_of(const std::vector<EventPtr>& events) {
  std::vector<std::string> names;
  names.reserve(events.size());
  for (const EventPtr& event : events) {
    names.push_back(event->actor_id + "@" + std::to_string(event->version));
  }
  return names;
}

}  // namespace aether::testing
