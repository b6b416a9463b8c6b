// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"
#include "testing/waiting.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace aether::testing {

namespace {

using ::testing::HasSubstr;

/// A handler at work: it says that it runs, works for a while, and says that it is done.
struct Work {
  Gate running;
  std::atomic<bool> done{false};

  static EventHandler handler(std::shared_ptr<Work> work) {
    return [work = std::move(work)](const EventPtr&) {
      work->done = false;
      work->running.open();
      // Not to wait for anything: this is the work that whoever stops has to wait for.
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      work->done = true;
    };
  }
};

void stopping_waits_for_a_running_handler(EventStoreTest& t) {
  const auto work = std::make_shared<Work>();
  Subscription subscription = t.subscribe(Work::handler(work));
  t.append(event_of("order-1"));
  ASSERT_TRUE(work->running.pass());

  subscription.stop();

  EXPECT_TRUE(work->done);
  EXPECT_FALSE(subscription.status().active);
  subscription.stop();
  EXPECT_FALSE(subscription.status().error.has_value());
}

void destroying_waits_for_a_running_handler(EventStoreTest& t) {
  const auto work = std::make_shared<Work>();
  {
    const Subscription subscription = t.subscribe(Work::handler(work));
    t.append(event_of("order-1"));
    ASSERT_TRUE(work->running.pass());
  }
  EXPECT_TRUE(work->done);
}

void nothing_is_delivered_once_stopped(EventStoreTest& t) {
  Collector stopped;
  Collector replaced;
  Collector witness;
  Subscription first = t.subscribe(stopped.handler());
  Subscription second = t.subscribe(replaced.handler());
  const Subscription last = t.subscribe(witness.handler());
  t.append(event_of("order-1"));
  ASSERT_TRUE(stopped.wait_for(1));
  ASSERT_TRUE(replaced.wait_for(1));

  first.stop();
  second = Subscription();
  t.append_many("order-1", 200);

  ASSERT_TRUE(witness.wait_for(201));
  EXPECT_EQ(stopped.size(), 1U);
  EXPECT_EQ(replaced.size(), 1U);
}

void stopping_amid_many_events_ends_at_once(EventStoreTest& t) {
  t.append(std::vector(1'000, event_of("order-1")));
  for (int round = 0; round < 20; ++round) {
    Collector seen;
    Subscription subscription = t.subscribe(seen.handler());
    ASSERT_TRUE(seen.wait_for(1));

    subscription.stop();

    const std::size_t count = seen.size();
    t.append(event_of("order-1"));
    EXPECT_EQ(seen.size(), count);
  }
}

void a_handler_may_stop_its_subscription(EventStoreTest& t) {
  Gate assigned;
  Gate stopped;
  std::atomic<int> calls{0};
  Subscription subscription;
  subscription = t.subscribe([&](const EventPtr&) {
    EXPECT_TRUE(assigned.pass());
    ++calls;
    subscription.stop();
    stopped.open();
  });
  t.append_many("order-1", 3);

  assigned.open();

  ASSERT_TRUE(stopped.pass());
  EXPECT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_FALSE(subscription.status().error.has_value());
  subscription.stop();
  EXPECT_EQ(calls, 1) << "nothing further is delivered";
}

void a_handler_may_destroy_its_subscription(EventStoreTest& t) {
  // Shared, since the handler may run to its end after this case has.
  struct State {
    Subscription subscription;
    Gate assigned;
    Gate destroyed;
    std::atomic<int> calls{0};
  };
  const auto state = std::make_shared<State>();
  Collector witness;
  const Subscription last = t.subscribe(witness.handler());
  state->subscription = t.subscribe([state](const EventPtr&) {
    const auto kept = state;  // destroying the subscription may destroy this handler
    EXPECT_TRUE(kept->assigned.pass());
    ++kept->calls;
    kept->subscription = Subscription();
    kept->destroyed.open();
  });
  t.append_many("order-1", 3);

  state->assigned.open();

  ASSERT_TRUE(state->destroyed.pass());
  t.append_many("order-1", 100);
  ASSERT_TRUE(witness.wait_for(103));
  EXPECT_EQ(state->calls, 1) << "nothing further is delivered";
}

void an_exception_ends_the_subscription(EventStoreTest& t) {
  Collector seen;
  auto keep = std::make_shared<EventHandler>(seen.handler());
  Collector witness;
  const Subscription other = t.subscribe(witness.handler());
  const Subscription subscription = t.subscribe([keep](const EventPtr& event) {
    if (event->event_type == "Bad") throw std::runtime_error("cannot handle this");
    (*keep)(event);
  });
  const Appended good = t.append(event_of("order-1", "Good"));
  const Appended bad = t.append(event_of("order-1", "Bad"));
  t.append_many("order-1", 20);

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  const auto status = subscription.status();
  ASSERT_TRUE(status.error.has_value());
  EXPECT_THAT(status.error->message, HasSubstr("cannot handle this"));
  EXPECT_GE(status.position, good.position);
  EXPECT_LT(status.position, bad.position) << "the event counts as not handled";
  EXPECT_EQ(status.counters.delivered, 1U);
  ASSERT_TRUE(witness.wait_for(22)) << "and no other subscription is concerned";
  EXPECT_EQ(seen.size(), 1U);
}

void an_exception_of_any_type_ends_the_subscription(EventStoreTest& t) {
  const Subscription subscription = t.subscribe([](const EventPtr&) {
    throw 42;  // what nobody expects is the point
  });
  t.append(event_of("order-1"));

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_TRUE(subscription.status().error.has_value());
}

void a_subscription_that_outlives_its_store_is_closed(EventStoreTest& t) {
  t.append_many("order-1", 3);
  Collector seen;
  Subscription idle = t.subscribe(seen.handler());
  ASSERT_TRUE(seen.wait_for(3));

  t.destroy();

  ASSERT_TRUE(eventually([&] { return !idle.status().active; }));
  const auto status = idle.status();
  ASSERT_TRUE(status.error.has_value());
  EXPECT_EQ(status.error->code, Errc::closed);
  idle.stop();
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen.events()[2]->version, 3U);
}

void a_store_may_be_destroyed_while_handlers_run(EventStoreTest& t) {
  t.append_many("order-1", 10);
  const auto work = std::make_shared<Work>();
  std::optional<Subscription> subscription = t.subscribe(Work::handler(work));
  ASSERT_TRUE(work->running.pass());

  t.destroy();

  ASSERT_TRUE(eventually([&] { return !subscription->status().active; }));
  ASSERT_TRUE(subscription->status().error.has_value());
  EXPECT_EQ(subscription->status().error->code, Errc::closed);
  subscription.reset();
}

void a_subscription_needs_a_handler(EventStoreTest& t) {
  EXPECT_THAT(t.store().subscribe({}, 0, EventHandler()), FailsWith(Errc::invalid_argument));
}

void many_begin_and_end_while_others_write(EventStoreTest& t) {
  constexpr std::size_t kAppends = 100;
  constexpr std::size_t kSubscriptions = 30;
  run_together(4, [&](std::size_t i) {
    if (i < 2) return t.append_many("order-" + std::to_string(i), kAppends);
    for (std::size_t n = 0; n < kSubscriptions; ++n) {
      Collector seen;
      const Subscription subscription = t.subscribe(seen.handler());
      EXPECT_TRUE(seen.wait_for(1));
    }
  });
  EXPECT_EQ(t.read_all().size(), 2 * kAppends);
}

}  // namespace

Cases subscription_end_cases() {
  return {
      {"StoppingWaitsForARunningHandler", stopping_waits_for_a_running_handler},
      {"DestroyingASubscriptionWaitsForARunningHandler", destroying_waits_for_a_running_handler},
      {"NothingIsDeliveredOnceStopped", nothing_is_delivered_once_stopped},
      {"StoppingAmidManyEventsEndsAtOnce", stopping_amid_many_events_ends_at_once},
      {"AHandlerMayStopItsSubscription", a_handler_may_stop_its_subscription},
      {"AHandlerMayDestroyItsSubscription", a_handler_may_destroy_its_subscription},
      {"AnExceptionEndsTheSubscription", an_exception_ends_the_subscription},
      {"AnExceptionOfAnyTypeEndsTheSubscription", an_exception_of_any_type_ends_the_subscription},
      {"ASubscriptionThatOutlivesItsStoreIsClosed",
       a_subscription_that_outlives_its_store_is_closed},
      {"AStoreMayBeDestroyedWhileHandlersRun", a_store_may_be_destroyed_while_handlers_run},
      {"ASubscriptionNeedsAHandler", a_subscription_needs_a_handler},
      {"ManySubscriptionsBeginAndEndWhileOthersWrite", many_begin_and_end_while_others_write},
  };
}

}  // namespace aether::testing
