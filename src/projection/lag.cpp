// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"

#include <algorithm>

namespace aether {

namespace {

constexpr std::size_t kPage = 1'000;

}  // namespace

Result<Lag> measure_lag(EventStore& store, const Projection& projection, Position after,
                        std::size_t cap, const Clock& clock) {
  Lag lag;
  while (true) {
    auto page = store.read_all(projection.filter, after, kPage);
    if (!page) return std::unexpected(std::move(page.error()));
    if (page->events.empty()) return lag;
    for (const EventPtr& event : page->events) {
      if (!projection.partition.contains(event->actor_id)) continue;
      if (lag.events == cap) {
        lag.at_least = true;
        return lag;
      }
      if (lag.events == 0) {
        lag.time = std::max(std::chrono::nanoseconds{0}, clock.now() - event->timestamp);
      }
      ++lag.events;
    }
    after = page->next;
  }
}

}  // namespace aether
