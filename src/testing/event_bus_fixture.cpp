// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <utility>

namespace aether::testing {

void EventBusTest::SetUp() {
  harness_ = subject_->make_harness();
  ASSERT_NE(harness_, nullptr) << "the harness could not be made";
}

void EventBusTest::publish(std::string_view ns, EventPtr event) {
  EXPECT_THAT(bus().publish(ns_of(ns), std::move(event)), Succeeds());
}

void EventBusTest::publish_all(std::string_view ns, Version first, Version last) {
  for (Version version = first; version <= last && !HasFailure(); ++version) {
    publish(ns, stored("order-1", version));
  }
}

Subscription EventBusTest::subscribe(std::string_view pattern, BusHandler handler,
                                     SubscribeOptions options, Filter filter) {
  const auto parsed = NamespacePattern::parse(pattern);
  EXPECT_THAT(parsed, Succeeds());
  if (!parsed) return {};
  auto subscription = subscribers_bus().subscribe(*parsed, std::move(filter), std::move(options),
                                                  std::move(handler));
  EXPECT_THAT(subscription, Succeeds());
  return subscription ? std::move(*subscription) : Subscription();
}

Subscription EventBusTest::subscribe(std::string_view pattern, BusCollector& collector,
                                     SubscribeOptions options, Filter filter) {
  options.on_gap = collector.on_gap();
  return subscribe(pattern, collector.handler(), std::move(options), std::move(filter));
}

Namespace ns_of(std::string_view text) {
  const auto ns = Namespace::parse(text);
  EXPECT_THAT(ns, Succeeds());
  return *ns;
}

EventPtr stored(std::string actor_id, Version version, std::string event_type) {
  auto event = std::make_shared<StoredEvent>();
  event->id = actor_id + "/" + std::to_string(version);
  event->event_type = std::move(event_type);
  event->actor_id = std::move(actor_id);
  event->version = version;
  event->timestamp = Timestamp(std::chrono::seconds(1'700'000'000));
  event->position = version;
  return event;
}

bool adds_up(const Subscription& subscription, std::uint64_t received) {
  return eventually([&] {
    const Subscription::Counters counters = subscription.status().counters;
    return counters.received == received && counters.delivered + counters.dropped == received;
  });
}

}  // namespace aether::testing
