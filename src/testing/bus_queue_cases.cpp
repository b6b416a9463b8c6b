// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;

using Counters = Subscription::Counters;

/// A handler that keeps events and is held at the first.
BusHandler holding(std::shared_ptr<Held> held, BusCollector& collector) {
  return [held = std::move(held), keep = collector.handler(), is_first = true](
             const Namespace& ns, const EventPtr& event) mutable {
    if (std::exchange(is_first, false)) held->hold();
    keep(ns, event);
  };
}

std::vector<std::string> names_up_to(Version last) {
  std::vector<std::string> names;
  for (Version version = 1; version <= last; ++version) {
    names.push_back("order-1@" + std::to_string(version));
  }
  return names;
}

struct Full {
  BusCollector seen;
  std::shared_ptr<Held> held = std::make_shared<Held>();
  Subscription subscription;
};

/// A subscription to "prod" whose handler is held at version 1.
std::unique_ptr<Full> hold_at_first(EventBusTest& t, SubscribeOptions options) {
  auto full = std::make_unique<Full>();
  options.on_gap = full->seen.on_gap();
  full->subscription = t.subscribe("prod", holding(full->held, full->seen), std::move(options));
  t.publish_all("prod", 1, 1);
  EXPECT_TRUE(full->held->running.pass());
  return full;
}

bool has_received(const Subscription& subscription, std::uint64_t count) {
  return eventually([&] { return subscription.status().counters.received == count; });
}

void with_drop_oldest_the_oldest_go_and_a_gap_is_told(EventBusTest& t) {
  const auto full = hold_at_first(t, {.capacity = 3, .overflow = Overflow::drop_oldest});

  t.publish_all("prod", 2, 10);
  ASSERT_TRUE(has_received(full->subscription, 10));
  full->held->released.open();

  ASSERT_TRUE(adds_up(full->subscription, 10));
  EXPECT_THAT(full->seen.names(),
              ElementsAre("order-1@1", "overflow 6", "order-1@8", "order-1@9", "order-1@10"));
  EXPECT_EQ(full->subscription.status().counters,
            (Counters{.received = 10, .delivered = 4, .dropped = 6, .gaps = 1}));
  EXPECT_TRUE(full->subscription.status().active);
}

void a_queue_takes_as_many_as_its_capacity(EventBusTest& t) {
  const auto full = hold_at_first(t, {.capacity = 5, .overflow = Overflow::drop_oldest});

  t.publish_all("prod", 2, 6);
  ASSERT_TRUE(has_received(full->subscription, 6));
  EXPECT_EQ(full->subscription.status().counters.dropped, 0U);
  t.publish_all("prod", 7, 7);
  ASSERT_TRUE(has_received(full->subscription, 7));
  EXPECT_EQ(full->subscription.status().counters.dropped, 1U);

  full->held->released.open();
  EXPECT_TRUE(adds_up(full->subscription, 7));
}

void with_fail_it_delivers_what_is_queued_and_ends(EventBusTest& t) {
  const auto full = hold_at_first(t, {.capacity = 3, .overflow = Overflow::fail});
  BusCollector other;
  const Subscription witness = t.subscribe("prod", other);

  t.publish_all("prod", 2, 9);
  ASSERT_TRUE(other.wait_for(8));
  ASSERT_TRUE(eventually([&] { return full->subscription.status().error.has_value(); }));
  full->held->released.open();

  ASSERT_TRUE(eventually([&] { return !full->subscription.status().active; }));
  const auto status = full->subscription.status();
  ASSERT_TRUE(status.error.has_value());
  EXPECT_EQ(status.error->code, Errc::unavailable);
  EXPECT_THAT(full->seen.names(), ElementsAre("order-1@1", "order-1@2", "order-1@3", "order-1@4"));
  EXPECT_EQ(status.counters, (Counters{.received = 5, .delivered = 4, .dropped = 1, .gaps = 0}));
}

void with_block_the_publisher_waits_and_nothing_is_lost(EventBusTest& t) {
  if (!t.traits().within_process) GTEST_SKIP() << "the publisher may be elsewhere";
  const auto full = hold_at_first(t, {.capacity = 2, .overflow = Overflow::block});
  t.publish_all("prod", 2, 3);
  std::atomic<bool> is_done{false};
  std::jthread publisher([&] {
    t.publish_all("prod", 4, 100);
    is_done = true;
  });

  // Not to wait for anything: a wrong bus would be done by then.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(is_done);
  EXPECT_EQ(full->subscription.status().counters.received, 3U);
  full->held->released.open();
  publisher.join();

  ASSERT_TRUE(adds_up(full->subscription, 100));
  EXPECT_EQ(full->subscription.status().counters,
            (Counters{.received = 100, .delivered = 100, .dropped = 0, .gaps = 0}));
  EXPECT_EQ(full->seen.names(), names_up_to(100));
}

void a_publisher_that_waits_has_given_the_others_theirs(EventBusTest& t) {
  if (!t.traits().within_process) GTEST_SKIP() << "the publisher may be elsewhere";
  const auto full = hold_at_first(t, {.capacity = 1, .overflow = Overflow::block});
  BusCollector other;
  const Subscription witness = t.subscribe("prod", other);
  t.publish_all("prod", 2, 2);
  std::jthread publisher([&] { t.publish_all("prod", 3, 3); });

  EXPECT_TRUE(other.wait_for(2)) << "the publisher waits for another one";

  full->held->released.open();
  publisher.join();
  EXPECT_TRUE(adds_up(full->subscription, 3));
}

void stop_beside_a_waiting_publisher(EventBusTest& t) {
  const auto full = hold_at_first(t, {.capacity = 1, .overflow = Overflow::block});
  t.publish_all("prod", 2, 2);
  std::jthread publisher([&] { t.publish_all("prod", 3, 5); });
  std::jthread stopper([&] { full->subscription.stop(); });

  publisher.join();  // though the handler is held still

  full->held->released.open();
  stopper.join();
  const Counters counters = full->subscription.status().counters;
  EXPECT_EQ(counters.received, counters.delivered + counters.dropped);
  EXPECT_EQ(counters.delivered, 1U);
}

void stopping_lets_a_waiting_publisher_go(EventBusTest& t) {
  if (!t.traits().within_process) GTEST_SKIP() << "the publisher may be elsewhere";
  // Now and then the stop comes before the publisher waits.
  for (int round = 0; round < 10 && !EventBusTest::HasFailure(); ++round) {
    stop_beside_a_waiting_publisher(t);
  }
}

void a_handler_does_not_wait_for_room_in_its_own_queue(EventBusTest& t) {
  if (!t.traits().within_process) GTEST_SKIP() << "the publisher may be elsewhere";
  BusCollector seen;
  const Subscription subscription =
      t.subscribe("prod",
                  [&, keep = seen.handler()](const Namespace& ns, const EventPtr& event) mutable {
                    keep(ns, event);
                    if (event->version == 1) t.publish_all("prod", 2, 4);
                  },
                  {.capacity = 1, .overflow = Overflow::block, .on_gap = seen.on_gap()});

  t.publish_all("prod", 1, 1);

  ASSERT_TRUE(adds_up(subscription, 4));
  ASSERT_TRUE(eventually([&] { return seen.seen().size() == 3; }));
  EXPECT_THAT(seen.names(), ElementsAre("order-1@1", "order-1@2", "overflow 2"));
  EXPECT_EQ(subscription.status().counters,
            (Counters{.received = 4, .delivered = 2, .dropped = 2, .gaps = 1}));
}

void one_full_queue_is_nobody_elses(EventBusTest& t) {
  const auto full = hold_at_first(t, {.capacity = 1, .overflow = Overflow::drop_oldest});
  BusCollector roomy;
  const Subscription other = t.subscribe("prod", roomy);

  t.publish_all("prod", 2, 50);

  ASSERT_TRUE(roomy.wait_for(49));
  ASSERT_TRUE(eventually([&] { return full->subscription.status().counters.received == 50; }));
  EXPECT_EQ(other.status().counters.dropped, 0U);
  full->held->released.open();
  ASSERT_TRUE(adds_up(full->subscription, 50));
  EXPECT_THAT(full->seen.names(), ElementsAre("order-1@1", "overflow 48", "order-1@50"));
}

void every_gap_tells_exactly_what_is_missing(EventBusTest& t) {
  constexpr Version kEvents = 20'000;
  BusCollector seen;
  const Subscription subscription =
      t.subscribe("prod", seen, {.capacity = 8, .overflow = Overflow::drop_oldest});

  t.publish_all("prod", 1, kEvents);

  ASSERT_TRUE(adds_up(subscription, kEvents));
  Version last = 0;
  std::uint64_t missing = 0;
  std::uint64_t dropped = 0;
  std::uint64_t gaps = 0;
  for (const BusCollector::Seen& one : seen.seen()) {
    if (one.event == nullptr) {
      missing += one.gap.count;
      dropped += one.gap.count;
      ++gaps;
      continue;
    }
    ASSERT_EQ(one.event->version, last + missing + 1);
    last = one.event->version;
    missing = 0;
  }
  EXPECT_EQ(last, kEvents);
  EXPECT_EQ(
      subscription.status().counters,
      (Counters{.received = kEvents, .delivered = seen.size(), .dropped = dropped, .gaps = gaps}));
}

void without_on_gap_gaps_are_counted_all_the_same(EventBusTest& t) {
  BusCollector seen;
  const auto held = std::make_shared<Held>();
  const Subscription subscription =
      t.subscribe("prod", holding(held, seen), {.capacity = 1, .overflow = Overflow::drop_oldest});
  t.publish_all("prod", 1, 1);
  ASSERT_TRUE(held->running.pass());
  t.publish_all("prod", 2, 3);
  ASSERT_TRUE(has_received(subscription, 3));

  held->released.open();

  ASSERT_TRUE(adds_up(subscription, 3));
  EXPECT_TRUE(eventually([&] { return subscription.status().counters.gaps == 1; }));
}

}  // namespace

BusCases bus_queue_cases() {
  return {
      {"WithDropOldestTheOldestGoAndAGapIsTold", with_drop_oldest_the_oldest_go_and_a_gap_is_told},
      {"AQueueTakesAsManyAsItsCapacity", a_queue_takes_as_many_as_its_capacity},
      {"WithFailItDeliversWhatIsQueuedAndEnds", with_fail_it_delivers_what_is_queued_and_ends},
      {"WithBlockThePublisherWaitsAndNothingIsLost",
       with_block_the_publisher_waits_and_nothing_is_lost},
      {"APublisherThatWaitsHasGivenTheOthersTheirs",
       a_publisher_that_waits_has_given_the_others_theirs},
      {"StoppingLetsAWaitingPublisherGo", stopping_lets_a_waiting_publisher_go},
      {"AHandlerDoesNotWaitForRoomInItsOwnQueue",
       a_handler_does_not_wait_for_room_in_its_own_queue},
      {"OneFullQueueIsNobodyElses", one_full_queue_is_nobody_elses},
      {"EveryGapTellsExactlyWhatIsMissing", every_gap_tells_exactly_what_is_missing},
      {"WithoutOnGapGapsAreCountedAllTheSame", without_on_gap_gaps_are_counted_all_the_same},
  };
}

}  // namespace aether::testing
