// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

using Counters = Subscription::Counters;

/// A handler at work: it says that it runs, works for a while, and says that it is done.
struct Work {
  Gate running;
  std::atomic<bool> done{false};

  static BusHandler handler(std::shared_ptr<Work> work) {
    return [work = std::move(work)](const Namespace&, const EventPtr&) {
      work->done = false;
      work->running.open();
      // Not to wait for anything: this is the work that whoever stops has to wait for.
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      work->done = true;
    };
  }
};

void stopping_waits_for_a_running_handler(EventBusTest& t) {
  const auto work = std::make_shared<Work>();
  Subscription subscription = t.subscribe("prod", Work::handler(work));
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(work->running.pass());

  subscription.stop();

  EXPECT_TRUE(work->done);
  EXPECT_FALSE(subscription.status().active);
  subscription.stop();
  EXPECT_FALSE(subscription.status().error.has_value());
  EXPECT_EQ(subscription.status().counters,
            (Counters{.received = 1, .delivered = 1, .dropped = 0, .gaps = 0}));
}

void destroying_waits_for_a_running_handler(EventBusTest& t) {
  const auto work = std::make_shared<Work>();
  {
    const Subscription subscription = t.subscribe("prod", Work::handler(work));
    t.publish_all("prod", 1, 1);
    ASSERT_TRUE(work->running.pass());
  }
  EXPECT_TRUE(work->done);
}

void nothing_is_delivered_once_stopped(EventBusTest& t) {
  BusCollector stopped;
  BusCollector replaced;
  BusCollector witness;
  Subscription first = t.subscribe("prod", stopped);
  Subscription second = t.subscribe("prod", replaced);
  const Subscription last = t.subscribe("prod", witness);
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(stopped.wait_for(1));
  ASSERT_TRUE(replaced.wait_for(1));

  first.stop();
  second = Subscription();
  t.publish_all("prod", 2, 200);

  ASSERT_TRUE(witness.wait_for(200));
  EXPECT_EQ(stopped.size(), 1U);
  EXPECT_EQ(replaced.size(), 1U);
  EXPECT_EQ(first.status().counters.received, 1U);
}

void what_waits_when_it_is_stopped_is_counted_as_dropped(EventBusTest& t) {
  const auto held = std::make_shared<Held>();
  Subscription subscription =
      t.subscribe("prod", [held](const Namespace&, const EventPtr&) { held->hold(); });
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(held->running.pass());
  t.publish_all("prod", 2, 10);
  ASSERT_TRUE(eventually([&] { return subscription.status().counters.received == 10; }));
  std::jthread stopper([&] { subscription.stop(); });
  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));

  held->released.open();
  stopper.join();

  EXPECT_EQ(subscription.status().counters,
            (Counters{.received = 10, .delivered = 1, .dropped = 9, .gaps = 0}));
}

void closing_delivers_what_is_queued(EventBusTest& t) {
  const auto held = std::make_shared<Held>();
  BusCollector seen;
  const Subscription subscription = t.subscribe(
      "prod", [held, keep = seen.handler()](const Namespace& ns, const EventPtr& event) mutable {
        if (event->version == 1) held->hold();
        keep(ns, event);
      });
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(held->running.pass());
  t.publish_all("prod", 2, 100);
  ASSERT_TRUE(eventually([&] { return subscription.status().counters.received == 100; }));

  t.subscribers_bus().close();
  t.subscribers_bus().close();
  held->released.open();

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_EQ(seen.size(), 100U);
  ASSERT_TRUE(subscription.status().error.has_value());
  EXPECT_EQ(subscription.status().error->code, Errc::closed);
  EXPECT_EQ(subscription.status().counters,
            (Counters{.received = 100, .delivered = 100, .dropped = 0, .gaps = 0}));
}

void a_closed_bus_takes_nothing(EventBusTest& t) {
  t.bus().close();
  t.subscribers_bus().close();

  EXPECT_THAT(t.bus().publish(ns_of("prod"), stored("order-1", 1)), FailsWith(Errc::closed));
  EXPECT_THAT(t.subscribers_bus().subscribe(ns_of("prod"), {}, {},
                                            [](const Namespace&, const EventPtr&) {}),
              FailsWith(Errc::closed));
  EXPECT_THAT(t.bus().flush(patience()), FailsWith(Errc::closed));
}

void closing_ends_an_idle_subscription(EventBusTest& t) {
  const Subscription subscription = t.subscribe("prod", [](const Namespace&, const EventPtr&) {});

  t.subscribers_bus().close();

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_EQ(subscription.status().error->code, Errc::closed);
}

void a_subscription_may_outlive_its_bus(EventBusTest& t) {
  BusCollector seen;
  Subscription one = t.subscribe("prod", seen);
  const Subscription other = t.subscribe(">", seen);
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(seen.wait_for(2));

  t.destroy();

  ASSERT_TRUE(eventually([&] { return !one.status().active && !other.status().active; }));
  EXPECT_EQ(one.status().error->code, Errc::closed);
  EXPECT_EQ(one.status().counters.delivered, 1U);
  one.stop();
}

void a_bus_may_be_destroyed_while_a_handler_runs(EventBusTest& t) {
  const auto work = std::make_shared<Work>();
  const Subscription subscription = t.subscribe("prod", Work::handler(work));
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(work->running.pass());

  t.destroy();

  EXPECT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_TRUE(work->done);
  EXPECT_EQ(subscription.status().counters.delivered, 1U);
}

void a_handler_goes_with_its_subscription(EventBusTest& t) {
  const auto held = std::make_shared<int>(1);
  Subscription stopped = t.subscribe("prod", [held](const Namespace&, const EventPtr&) {});
  const Subscription closed = t.subscribe("prod", [held](const Namespace&, const EventPtr&) {});
  t.publish_all("prod", 1, 3);

  stopped.stop();
  t.subscribers_bus().close();

  EXPECT_TRUE(eventually([&] { return held.use_count() == 1; }));
}

}  // namespace

BusCases bus_end_cases() {
  return {
      {"StoppingWaitsForARunningHandler", stopping_waits_for_a_running_handler},
      {"DestroyingWaitsForARunningHandler", destroying_waits_for_a_running_handler},
      {"NothingIsDeliveredOnceStopped", nothing_is_delivered_once_stopped},
      {"WhatWaitsWhenItIsStoppedIsCountedAsDropped",
       what_waits_when_it_is_stopped_is_counted_as_dropped},
      {"ClosingDeliversWhatIsQueued", closing_delivers_what_is_queued},
      {"AClosedBusTakesNothing", a_closed_bus_takes_nothing},
      {"ClosingEndsAnIdleSubscription", closing_ends_an_idle_subscription},
      {"ASubscriptionMayOutliveItsBus", a_subscription_may_outlive_its_bus},
      {"ABusMayBeDestroyedWhileAHandlerRuns", a_bus_may_be_destroyed_while_a_handler_runs},
      {"AHandlerGoesWithItsSubscription", a_handler_goes_with_its_subscription},
  };
}

}  // namespace aether::testing
