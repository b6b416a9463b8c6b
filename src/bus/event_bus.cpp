// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/event_bus.hpp"

#include "aether/core/data.hpp"
#include "aether/core/time.hpp"
#include "aether/core/uuid.hpp"
#include "core/event_check.hpp"
#include "core/text.hpp"

#include <memory>
#include <utility>

namespace aether {

Result<void> EventBus::publish(const Namespace& ns, EventPtr event) {
  if (event == nullptr) {
    return fail(Errc::invalid_argument, "there is no event to publish: the pointer is null");
  }
  if (event->version == 0) {
    return fail(Errc::invalid_argument,
                concat("an event of ", quoted(event->actor_id),
                       " has version 0, which means no event: append it first, or give a version"));
  }
  return do_publish(ns, std::move(event));
}

Result<void> EventBus::publish(const Namespace& ns, Event event) {
  if (auto ok = check_event(event, kDefaultJsonDepth); !ok) {
    ok.error().message = concat("an event to publish: ", ok.error().message);
    return ok;
  }
  if (event.id.empty()) event.id = make_uuid_v7(system_clock());
  if (event.timestamp == kNoTimestamp) event.timestamp = system_clock().now();
  auto made = std::make_shared<StoredEvent>();
  static_cast<Event&>(*made) = std::move(event);
  return publish(ns, EventPtr(std::move(made)));
}

Result<Subscription> EventBus::subscribe(NamespacePattern pattern, Filter filter,
                                         SubscribeOptions options, BusHandler handler) {
  if (!handler) return fail(Errc::invalid_argument, "a subscription needs a handler");
  if (options.capacity == 0) {
    return fail(Errc::invalid_argument,
                "a subscription's queue with a capacity of 0 could hold no event: give at least 1");
  }
  return do_subscribe(std::move(pattern), std::move(filter), std::move(options),
                      std::move(handler));
}

}  // namespace aether
