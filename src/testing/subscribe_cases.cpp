// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"
#include "testing/waiting.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;

void it_catches_up_and_goes_live(EventStoreTest& t) {
  t.append_many("order-1", 3);
  t.append({event_of("order-2"), event_of("order-2")});

  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler());
  ASSERT_TRUE(seen.wait_for(5));
  t.append(event_of("order-1"));
  ASSERT_TRUE(seen.wait_for(6));

  const auto all = t.read_all();
  EXPECT_EQ(names_of(seen.events()), names_of(all));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(*seen.events()[i], *all[i]);
}

void an_idle_tail_is_woken_by_every_append(EventStoreTest& t) {
  constexpr std::size_t kAppends = 100;
  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler());
  for (std::size_t i = 1; i <= kAppends; ++i) {
    t.append(event_of("order-1"));
    ASSERT_TRUE(seen.wait_for(i)) << "the append after " << i - 1 << " events woke nobody";
  }
  EXPECT_EQ(versions_of(seen.events()), versions_up_to(kAppends));
}

void an_idle_tail_is_woken_by_append_async(EventStoreTest& t) {
  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler());
  for (std::size_t i = 1; i <= 20; ++i) {
    t.store().append_async({event_of("order-1")}, {}, [](const Result<Appended>&) {});
    ASSERT_TRUE(seen.wait_for(i));
  }
}

void it_starts_after_any_position(EventStoreTest& t) {
  t.append_many("order-1", 10);
  const auto all = t.read_all();
  for (const std::size_t from : {0U, 4U, 9U}) {
    Collector seen;
    const Subscription subscription = t.subscribe(seen.handler(), all[from]->position);
    t.append(event_of("order-1", "Marker"));

    const auto expected = t.read_all({}, all[from]->position);
    ASSERT_TRUE(seen.wait_for(expected.size()));
    EXPECT_EQ(names_of(seen.events()), names_of(expected));
  }
}

void beyond_the_end_it_waits_for_what_comes_after(EventStoreTest& t) {
  t.append(event_of("order-1"));
  const Position beyond = t.read_all().back()->position + 2;
  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler(), beyond);
  EXPECT_TRUE(subscription.status().active);

  t.append_many("order-1", 5);

  const auto expected = t.read_all({}, beyond);
  ASSERT_FALSE(expected.empty());
  ASSERT_TRUE(seen.wait_for(expected.size()));
  EXPECT_EQ(names_of(seen.events()), names_of(expected));
}

void it_lets_through_what_its_filter_does(EventStoreTest& t) {
  const std::vector<Filter> filters{{.actor_id = "order-1"},
                                    {.category = "order"},
                                    {.event_types = {"Paid"}},
                                    {.category = "cart", .event_types = {"Paid", "Filled"}}};
  std::vector<Collector> seen(filters.size());
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    subscriptions.push_back(t.subscribe(seen[i].handler(), 0, filters[i]));
  }
  for (int round = 0; round < 20; ++round) {
    t.append({event_of("order-1", "Placed"), event_of("order-1", "Paid")});
    t.append(event_of("orders-1", "Paid"));
    t.append(event_of("cart-1", "Filled"));
    t.append(event_of("order-2", "Placed"));
    t.append(event_of("cart-1", "Emptied"));
  }
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const auto expected = t.read_all(filters[i]);
    ASSERT_TRUE(seen[i].wait_for(expected.size())) << "filter " << i;
    EXPECT_EQ(names_of(seen[i].events()), names_of(expected)) << "filter " << i;
  }
}

void its_status_says_how_far_it_has_come(EventStoreTest& t) {
  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler(), 0, {.category = "order"});
  EXPECT_TRUE(subscription.status().active);
  const Position handled = t.append(event_of("order-1")).position;

  EXPECT_TRUE(eventually([&] { return subscription.status().position >= handled; }));
  const Position passed_over = t.append(event_of("cart-1")).position;
  EXPECT_TRUE(eventually([&] { return subscription.status().position >= passed_over; }))
      << "an event that the filter holds back is passed over";
  EXPECT_TRUE(subscription.status().active);
  EXPECT_FALSE(subscription.status().error.has_value());
  EXPECT_EQ(subscription.status().counters.delivered, 1U) << "what passed is not delivered";
  EXPECT_EQ(subscription.status().counters.dropped, 0U);
  EXPECT_EQ(seen.size(), 1U);
}

/// The point of a position: whoever has seen it has seen all before it.
void none_is_skipped_under_concurrent_writers(EventStoreTest& t) {
  constexpr std::size_t kWriters = 8;
  constexpr std::size_t kAppends = 60;
  constexpr std::size_t kEvents = kWriters * kAppends * 2;
  Collector all_seen;
  Collector some_seen;
  Collector late_seen;
  Subscription late;
  const Subscription all = t.subscribe(all_seen.handler());
  const Filter filter{.event_types = {"Even"}};
  const Subscription some = t.subscribe(some_seen.handler(), 0, filter);
  run_together(kWriters + 1, [&](std::size_t writer) {
    if (writer == kWriters) {
      EXPECT_TRUE(all_seen.wait_for(kEvents / 4));
      late = t.subscribe(late_seen.handler());
      return;
    }
    for (std::size_t i = 0; i < kAppends; ++i) {
      const std::string actor = "order-" + std::to_string(i % 3 == 0 ? 0 : writer + 1);
      t.append({event_of(actor, "Even"), event_of(actor, "Odd")});
    }
  });
  ASSERT_TRUE(all_seen.wait_for(kEvents));
  ASSERT_TRUE(some_seen.wait_for(kEvents / 2));
  ASSERT_TRUE(late_seen.wait_for(kEvents));

  const auto stored = names_of(t.read_all());
  EXPECT_EQ(stored.size(), kEvents);
  EXPECT_EQ(names_of(all_seen.events()), stored);
  EXPECT_EQ(names_of(late_seen.events()), stored);
  EXPECT_EQ(names_of(some_seen.events()), names_of(t.read_all(filter)));
}

void a_slow_handler_misses_nothing(EventStoreTest& t) {
  constexpr std::size_t kCommits = 20;
  const auto gate = std::make_shared<Gate>();
  Collector seen;
  auto keep = std::make_shared<EventHandler>(seen.handler());
  const Subscription subscription = t.subscribe([gate, keep](const EventPtr& event) {
    EXPECT_TRUE(gate->pass());
    (*keep)(event);
  });
  for (std::size_t i = 0; i < kCommits; ++i) t.append(std::vector(100, event_of("order-1")));
  EXPECT_EQ(seen.size(), 0U);

  gate->open();

  ASSERT_TRUE(seen.wait_for(kCommits * 100));
  EXPECT_EQ(versions_of(seen.events()), versions_up_to(kCommits * 100));
}

void a_handler_may_use_the_store(EventStoreTest& t) {
  Collector answers;
  EventStore& store = t.store();
  const Subscription pings = t.subscribe(
      [&store](const EventPtr& event) {
        const auto history = store.read(event->actor_id);
        EXPECT_TRUE(history && !history->empty());
        EXPECT_THAT(store.append(event_of("answer-" + std::to_string(event->version), "Pong")),
                    Succeeds());
      },
      0, {.event_types = {"Ping"}});
  const Subscription pongs = t.subscribe(answers.handler(), 0, {.event_types = {"Pong"}});

  for (int i = 0; i < 10; ++i) t.append(event_of("order-1", "Ping"));

  ASSERT_TRUE(answers.wait_for(10));
  EXPECT_EQ(answers.events().back()->actor_id, "answer-10");
}

void each_subscription_sees_everything(EventStoreTest& t) {
  constexpr std::size_t kSubscriptions = 40;
  t.append_many("order-1", 5);
  std::vector<Collector> seen(kSubscriptions);
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(kSubscriptions);
  for (Collector& collector : seen) subscriptions.push_back(t.subscribe(collector.handler()));

  t.append_many("order-2", 5);

  const auto expected = names_of(t.read_all());
  for (const Collector& collector : seen) {
    ASSERT_TRUE(collector.wait_for(10));
    EXPECT_EQ(names_of(collector.events()), expected);
  }
}

void what_was_refused_is_not_delivered(EventStoreTest& t) {
  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler());
  t.append(event_of("order-1", "A"));
  EXPECT_THAT(t.store().append(event_of("order-1", "Taken", 1)), ConflictsAt(1U));
  EXPECT_THAT(t.store().append(std::vector{event_of("order-1", "Half"), event_of("order-1", "")}),
              FailsWith(Errc::invalid_argument));
  t.append(event_of("order-1", "B"));

  ASSERT_TRUE(seen.wait_for(2));
  EXPECT_THAT(types_of(seen.events()), ElementsAre("A", "B"));
}

}  // namespace

Cases subscribe_cases() {
  return {
      {"ASubscriptionCatchesUpAndGoesLive", it_catches_up_and_goes_live},
      {"AnIdleTailIsWokenByEveryAppend", an_idle_tail_is_woken_by_every_append},
      {"AnIdleTailIsWokenByAppendAsync", an_idle_tail_is_woken_by_append_async},
      {"ASubscriptionStartsAfterAnyPosition", it_starts_after_any_position},
      {"ASubscriptionBeyondTheEndWaitsForWhatComesAfter",
       beyond_the_end_it_waits_for_what_comes_after},
      {"ASubscriptionLetsThroughWhatItsFilterDoes", it_lets_through_what_its_filter_does},
      {"ASubscriptionsStatusSaysHowFarItHasCome", its_status_says_how_far_it_has_come},
      {"NoneIsSkippedUnderConcurrentWriters", none_is_skipped_under_concurrent_writers},
      {"ASlowHandlerMissesNothing", a_slow_handler_misses_nothing},
      {"AHandlerMayUseTheStore", a_handler_may_use_the_store},
      {"EachSubscriptionSeesEverything", each_subscription_sees_everything},
      {"WhatWasRefusedIsNotDelivered", what_was_refused_is_not_delivered},
  };
}

}  // namespace aether::testing
