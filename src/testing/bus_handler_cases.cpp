// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void a_throwing_handler_ends_only_itself(EventBusTest& t) {
  BusCollector before;
  BusCollector after;
  const Subscription first = t.subscribe("prod", before);
  const Subscription throwing = t.subscribe("prod", [](const Namespace&, const EventPtr& event) {
    if (event->version == 3) throw std::runtime_error("cannot bear version 3");
  });
  const Subscription last = t.subscribe("prod", after);

  t.publish_all("prod", 1, 10);

  ASSERT_TRUE(before.wait_for(10));
  ASSERT_TRUE(after.wait_for(10));
  ASSERT_TRUE(eventually([&] { return !throwing.status().active; }));
  const auto status = throwing.status();
  ASSERT_TRUE(status.error.has_value());
  EXPECT_THAT(status.error->message, HasSubstr("cannot bear version 3"));
  EXPECT_EQ(status.counters.delivered, 2U);
  EXPECT_EQ(status.counters.received, status.counters.delivered + status.counters.dropped);
  t.publish_all("prod", 11, 11);
  EXPECT_TRUE(before.wait_for(11));
  EXPECT_TRUE(after.wait_for(11));
  EXPECT_TRUE(first.status().active);
  EXPECT_TRUE(last.status().active);
}

void whatever_a_handler_throws_is_caught(EventBusTest& t) {
  BusCollector witness;
  const Subscription throwing =
      t.subscribe("prod", [](const Namespace&, const EventPtr&) { throw 42; });
  const Subscription last = t.subscribe("prod", witness);

  t.publish_all("prod", 1, 2);

  ASSERT_TRUE(witness.wait_for(2));
  EXPECT_TRUE(eventually([&] { return throwing.status().error.has_value(); }));
}

void what_is_told_of_a_gap_may_throw(EventBusTest& t) {
  const auto held = std::make_shared<Held>();
  const Subscription subscription =
      t.subscribe("prod",
                  [held](const Namespace&, const EventPtr& event) {
                    if (event->version == 1) held->hold();
                  },
                  {.capacity = 1, .overflow = Overflow::drop_oldest, .on_gap = [](const Gap&) {
                     throw std::runtime_error("cannot bear gaps");
                   }});
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(held->running.pass());
  t.publish_all("prod", 2, 5);
  ASSERT_TRUE(eventually([&] { return subscription.status().counters.received == 5; }));

  held->released.open();

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_THAT(subscription.status().error->message, HasSubstr("cannot bear gaps"));
  EXPECT_TRUE(adds_up(subscription, 5));
}

void handlers_that_are_held_harm_nobody_else(EventBusTest& t) {
  constexpr std::size_t kHeld = 20;
  std::array<std::shared_ptr<Held>, kHeld> held;
  std::vector<Subscription> stuck;
  for (auto& one : held) {
    one = std::make_shared<Held>();
    stuck.push_back(t.subscribe("prod", [one](const Namespace&, const EventPtr&) { one->hold(); }));
  }
  BusCollector seen;
  const Subscription healthy = t.subscribe("prod", seen);

  t.publish_all("prod", 1, 100);

  EXPECT_TRUE(seen.wait_for(100)) << "handlers that are held keep another from running";
  for (const auto& one : held) EXPECT_TRUE(one->running.pass());
  for (const auto& one : held) one->released.open();
  for (const Subscription& one : stuck) EXPECT_TRUE(adds_up(one, 100));
}

void a_handler_may_publish(EventBusTest& t) {
  BusCollector seen;
  const Subscription replying = t.subscribe("prod", [&](const Namespace&, const EventPtr& event) {
    t.publish("replies", stored("reply-1", event->version));
  });
  const Subscription subscription = t.subscribe("replies", seen);

  t.publish_all("prod", 1, 50);

  ASSERT_TRUE(seen.wait_for(50));
  const auto replies = seen.seen();
  for (std::size_t i = 0; i < replies.size(); ++i) EXPECT_EQ(replies[i].event->version, i + 1);
}

void a_handler_may_subscribe(EventBusTest& t) {
  BusCollector seen;
  std::mutex mutex;
  std::vector<Subscription> added;
  Gate subscribed;
  const Subscription subscription = t.subscribe("prod", [&](const Namespace&, const EventPtr&) {
    const std::scoped_lock lock(mutex);
    if (added.empty()) added.push_back(t.subscribe("prod", seen));
    subscribed.open();
  });
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(subscribed.pass());

  t.publish_all("prod", 2, 3);

  ASSERT_TRUE(seen.wait_for(2));
  EXPECT_THAT(seen.names(), ElementsAre("order-1@2", "order-1@3"));
}

void a_handler_may_stop_its_subscription(EventBusTest& t) {
  Gate assigned;
  Gate stopped;
  std::atomic<int> calls{0};
  Subscription subscription;
  subscription = t.subscribe("prod", [&](const Namespace&, const EventPtr&) {
    EXPECT_TRUE(assigned.pass());
    ++calls;
    subscription.stop();
    stopped.open();
  });
  t.publish_all("prod", 1, 3);
  ASSERT_TRUE(eventually([&] { return subscription.status().counters.received == 3; }));

  assigned.open();

  ASSERT_TRUE(stopped.pass());
  subscription.stop();
  EXPECT_FALSE(subscription.status().active);
  EXPECT_FALSE(subscription.status().error.has_value());
  EXPECT_TRUE(adds_up(subscription, 3));
  EXPECT_EQ(calls, 1) << "nothing further is delivered";
}

void a_handler_may_destroy_its_subscription(EventBusTest& t) {
  // Shared, since the handler may run to its end after this case has.
  struct State {
    Subscription subscription;
    Gate assigned;
    Gate destroyed;
    std::atomic<int> calls{0};
  };
  const auto state = std::make_shared<State>();
  BusCollector witness;
  const Subscription last = t.subscribe("prod", witness);
  state->subscription = t.subscribe("prod", [state](const Namespace&, const EventPtr&) {
    const auto kept = state;  // destroying the subscription may destroy this handler
    EXPECT_TRUE(kept->assigned.pass());
    ++kept->calls;
    kept->subscription = Subscription();
    kept->destroyed.open();
  });

  state->assigned.open();
  t.publish_all("prod", 1, 20);

  ASSERT_TRUE(state->destroyed.pass());
  ASSERT_TRUE(witness.wait_for(20));
  EXPECT_EQ(state->calls, 1);
}

void a_handler_may_close_the_bus(EventBusTest& t) {
  BusCollector seen;
  const Subscription closing = t.subscribe("prod", [&](const Namespace&, const EventPtr& event) {
    if (event->version == 2) t.subscribers_bus().close();
  });

  t.publish_all("prod", 1, 1);
  const auto published = t.bus().publish(ns_of("prod"), stored("order-1", 2));
  if (!published) {  // closed before it was done
    EXPECT_THAT(published, FailsWith(Errc::closed));
  }

  ASSERT_TRUE(eventually([&] { return !closing.status().active; }));
  ASSERT_TRUE(closing.status().error.has_value());
  EXPECT_EQ(closing.status().error->code, Errc::closed);
  EXPECT_EQ(closing.status().counters.delivered, 2U);
}

void status_tells_the_last_position(EventBusTest& t) {
  BusCollector seen;
  const Subscription subscription = t.subscribe("prod", seen);
  EXPECT_TRUE(subscription.status().active);
  EXPECT_EQ(subscription.status().position, 0U);
  EXPECT_EQ(subscription.status().counters, Subscription::Counters{});

  t.publish_all("prod", 1, 7);

  EXPECT_TRUE(eventually([&] { return subscription.status().position == 7; }));
}

}  // namespace

BusCases bus_handler_cases() {
  return {
      {"AThrowingHandlerEndsOnlyItself", a_throwing_handler_ends_only_itself},
      {"WhateverAHandlerThrowsIsCaught", whatever_a_handler_throws_is_caught},
      {"WhatIsToldOfAGapMayThrow", what_is_told_of_a_gap_may_throw},
      {"HandlersThatAreHeldHarmNobodyElse", handlers_that_are_held_harm_nobody_else},
      {"AHandlerMayPublish", a_handler_may_publish},
      {"AHandlerMaySubscribe", a_handler_may_subscribe},
      {"AHandlerMayStopItsSubscription", a_handler_may_stop_its_subscription},
      {"AHandlerMayDestroyItsSubscription", a_handler_may_destroy_its_subscription},
      {"AHandlerMayCloseTheBus", a_handler_may_close_the_bus},
      {"StatusTellsTheLastPosition", status_tells_the_last_position},
  };
}

}  // namespace aether::testing
