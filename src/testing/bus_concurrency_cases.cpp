// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

constexpr std::size_t kPublishers = 8;
constexpr Version kEach = 500;
constexpr std::size_t kAll = kPublishers * kEach;

std::string actor(std::size_t publisher) { return "actor-" + std::to_string(publisher); }

/// Each publisher has an actor of its own, and two namespaces in turns.
void publish_together(EventBusTest& t) {
  run_together(kPublishers, [&](std::size_t publisher) {
    for (Version version = 1; version <= kEach && !t.HasFailure(); ++version) {
      t.publish(version % 2 == 0 ? "prod.eu" : "prod.us", stored(actor(publisher), version));
    }
  });
}

/// Versions grow by one within each actor, from one, and by more only where that many are known
/// to be missing in all.
void expect_order_per_actor(const BusCollector& collector, bool may_miss) {
  std::map<std::string, Version> last;
  for (const BusCollector::Seen& one : collector.seen()) {
    if (one.event == nullptr) continue;
    Version& reached = last[one.event->actor_id];
    if (may_miss) {
      ASSERT_GT(one.event->version, reached) << one.event->actor_id;
    } else {
      ASSERT_EQ(one.event->version, reached + 1) << one.event->actor_id;
    }
    reached = one.event->version;
  }
}

void order_per_actor_holds_under_concurrent_publishers(EventBusTest& t) {
  std::vector<BusCollector> collectors(6);
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    subscriptions.push_back(t.subscribe(i % 2 == 0 ? "prod.*" : ">", collectors[i]));
  }

  publish_together(t);

  for (const BusCollector& collector : collectors) {
    ASSERT_TRUE(collector.wait_for(kAll));
    EXPECT_EQ(collector.size(), kAll);
    expect_order_per_actor(collector, false);
  }
  for (const Subscription& one : subscriptions) EXPECT_TRUE(adds_up(one, kAll));
}

void counters_add_up_whatever_the_policy(EventBusTest& t) {
  struct Subscriber {
    SubscribeOptions options;
    BusCollector seen;
    Subscription subscription;
  };
  std::vector<Subscriber> subscribers;
  for (const std::size_t capacity : {1U, 3U, 64U}) {
    subscribers.push_back({.options = {.capacity = capacity, .overflow = Overflow::block},
                           .seen = {},
                           .subscription = {}});
    subscribers.push_back({.options = {.capacity = capacity, .overflow = Overflow::drop_oldest},
                           .seen = {},
                           .subscription = {}});
  }
  for (Subscriber& one : subscribers) {
    const auto overflow = one.options.overflow;
    const auto capacity = one.options.capacity;
    one.subscription =
        t.subscribe("prod.>", one.seen, {.capacity = capacity, .overflow = overflow});
  }

  publish_together(t);

  for (const Subscriber& one : subscribers) {
    ASSERT_TRUE(adds_up(one.subscription, kAll));
    const auto counters = one.subscription.status().counters;
    EXPECT_EQ(counters.delivered, one.seen.size());
    std::uint64_t dropped = 0;
    std::uint64_t gaps = 0;
    for (const BusCollector::Seen& seen : one.seen.seen()) {
      dropped += seen.gap.count;
      if (seen.event == nullptr) ++gaps;
    }
    EXPECT_EQ(counters.dropped, dropped);
    EXPECT_EQ(counters.gaps, gaps);
    if (one.options.overflow == Overflow::block && t.traits().within_process) {
      EXPECT_EQ(counters.dropped, 0U);
    }
    expect_order_per_actor(one.seen, counters.dropped > 0);
  }
}

void subscriptions_come_and_go_while_others_see_everything(EventBusTest& t) {
  BusCollector all;
  const Subscription constant = t.subscribe("prod.>", all);
  std::atomic<bool> is_over{false};
  std::atomic<std::size_t> rounds{0};
  std::jthread coming_and_going([&] {
    while (!is_over || rounds < 20) {
      BusCollector some;
      Subscription one = t.subscribe("prod.eu", some);
      const Subscription other = t.subscribe("prod.*", some, {.capacity = 1});
      one.stop();
      const auto counters = one.status().counters;
      EXPECT_EQ(counters.received, counters.delivered + counters.dropped);
      ++rounds;
    }
  });

  publish_together(t);
  is_over = true;
  coming_and_going.join();

  ASSERT_TRUE(all.wait_for(kAll));
  expect_order_per_actor(all, false);
  EXPECT_TRUE(adds_up(constant, kAll));
}

void closing_under_load_loses_no_event_without_a_word(EventBusTest& t) {
  BusCollector roomy;
  BusCollector narrow;
  const Subscription one = t.subscribe("prod.>", roomy, {.capacity = 100'000});
  const Subscription other = t.subscribe("prod.>", narrow, {.capacity = 2});
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> tried{0};
  std::jthread closer([&] {
    EXPECT_TRUE(eventually([&] { return accepted > 200; }));
    t.bus().close();
  });

  run_together(kPublishers, [&](std::size_t publisher) {
    for (Version version = 1;; ++version) {
      ++tried;
      const auto published = t.bus().publish(ns_of("prod.eu"), stored(actor(publisher), version));
      if (!published) {
        EXPECT_THAT(published, FailsWith(Errc::closed));
        return;
      }
      ++accepted;
    }
  });
  closer.join();
  t.subscribers_bus().close();

  ASSERT_TRUE(eventually([&] { return !one.status().active && !other.status().active; }));
  for (const Subscription* subscription : {&one, &other}) {
    const auto counters = subscription->status().counters;
    EXPECT_EQ(counters.received, counters.delivered + counters.dropped);
    EXPECT_LE(counters.received, tried);
    if (t.traits().within_process) {
      EXPECT_GE(counters.received, accepted);
    }
  }
  EXPECT_EQ(one.status().counters.dropped, 0U) << "there was room";
  EXPECT_EQ(one.status().counters.delivered, roomy.size());
  EXPECT_EQ(other.status().counters.delivered, narrow.size());
  expect_order_per_actor(roomy, false);
}

}  // namespace

BusCases bus_concurrency_cases() {
  return {
      {"OrderPerActorHoldsUnderConcurrentPublishers",
       order_per_actor_holds_under_concurrent_publishers},
      {"CountersAddUpWhateverThePolicy", counters_add_up_whatever_the_policy},
      {"SubscriptionsComeAndGoWhileOthersSeeEverything",
       subscriptions_come_and_go_while_others_see_everything},
      {"ClosingUnderLoadLosesNoEventWithoutAWord",
       closing_under_load_loses_no_event_without_a_word},
  };
}

}  // namespace aether::testing
