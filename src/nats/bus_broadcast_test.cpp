// SPDX-License-Identifier: Apache-2.0
// What a store broadcasts, as the subscribers of a bus see it.
#include "aether/nats/bus.hpp"
#include "aether/nats/store.hpp"
#include "core/text.hpp"
#include "nats/bus_receiver.hpp"
#include "nats/commit_message.hpp"
#include "nats/store_fixture.hpp"
#include "testing/bus_collector.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::BusCollector;
using ::testing::ElementsAre;
using testing::eventually;
using testing::Succeeds;

TEST(Predecessors, AreMissingWhereTheyShouldHaveCome) {
  Predecessors seen;
  EXPECT_FALSE(seen.is_missing("prod", "a", 10, 9)) << "it came before the first";
  EXPECT_FALSE(seen.is_missing("prod", "b", 11, 0));
  EXPECT_FALSE(seen.is_missing("prod", "a", 12, 10));
  EXPECT_TRUE(seen.is_missing("prod", "a", 14, 13));
  EXPECT_FALSE(seen.is_missing("prod", "a", 15, 14)) << "told once";
  EXPECT_TRUE(seen.is_missing("prod", "c", 17, 16)) << "an actor that was never seen";
  EXPECT_FALSE(seen.is_missing("prod", "d", 18, 4)) << "it came before the first";
  EXPECT_FALSE(seen.is_missing("other", "a", 3, 2)) << "another stream";
  EXPECT_FALSE(seen.is_missing("prod", "c", 16, 0)) << "it was overtaken";
  EXPECT_FALSE(seen.is_missing("prod", "c", 19, 17));
  EXPECT_FALSE(seen.is_missing("prod", "a", 100'000, 15));
  EXPECT_FALSE(seen.is_missing("prod", "a", 1, 0)) << "the stream was made anew";
  EXPECT_TRUE(seen.is_missing("prod", "a", 4, 2));
}

TEST(Predecessors, AreForgottenInTimeAndThenNotMissed) {
  Predecessors seen;
  for (std::uint64_t i = 1; i <= 3 * Predecessors::kMaxActors; ++i) {
    ASSERT_FALSE(seen.is_missing("prod", concat("actor-", i), i, 0));
  }
  EXPECT_FALSE(seen.is_missing("prod", "actor-1", 3 * Predecessors::kMaxActors + 1, 1));
}

TEST(Predecessors, AreBoundedInAllStreamsTogether) {
  Predecessors seen;
  for (std::uint64_t i = 1; i <= 500'000; ++i) {
    const std::string stream = concat("prod.", i % 3'000);
    ASSERT_FALSE(seen.is_missing(stream, concat("actor-", i), i, 0));
    ASSERT_LE(seen.size(), Predecessors::kMaxActors + 8);
  }
  EXPECT_FALSE(seen.is_missing("prod.1", "b", 500'001, 500'000));
  EXPECT_TRUE(seen.is_missing("prod.1", "b", 500'004, 500'003)) << "it goes on";
}

class BroadcastTest : public StoreFixture {
 protected:
  static std::vector<EventPtr> events_in(const BusCollector& collector) {
    std::vector<EventPtr> events;
    for (const BusCollector::Seen& one : collector.seen()) {
      if (one.event != nullptr) events.push_back(one.event);
    }
    return events;
  }
  std::unique_ptr<Store> opened() {
    return *open_at(server_.url(), {.stream = {.broadcast = true}});
  }
  std::unique_ptr<Bus> bus_at(const std::string& url) {
    return *open_bus(*connect(
        {.urls = {url}, .connect_timeout = 500ms, .reconnect = {.wait = 10ms, .jitter = 0ms}}));
  }
  std::vector<EventPtr> stored(Store& store) {
    const auto page = store.read_all({}, 0, 100'000);
    EXPECT_THAT(page, Succeeds());
    return page ? page->events : std::vector<EventPtr>();
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, BroadcastTest, tests::kVersions, tests::version_name);

TEST_P(BroadcastTest, WhatFourWritersStoreIsSeenOnceByAllAndInOrder) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kEach = 150;
  constexpr std::size_t kActors = 7;
  std::vector<std::unique_ptr<Store>> stores;
  for (std::size_t i = 0; i < kWriters; ++i) stores.push_back(opened());
  const auto bus = bus_at(server_.url());
  BusCollector all;
  BusCollector of_one;
  const auto subscription = bus->subscribe(*NamespacePattern::parse("prod.>"), {},
                                           {.on_gap = all.on_gap()}, all.handler());
  const auto other =
      bus->subscribe(ns_, {.actor_id = "order-3"}, {.on_gap = of_one.on_gap()}, of_one.handler());
  ASSERT_THAT(subscription, Succeeds());
  ASSERT_THAT(other, Succeeds());

  testing::run_together(kWriters, [&](std::size_t writer) {
    for (std::size_t i = 0; i < kEach; ++i) {
      const std::string actor = concat("order-", i % kActors);
      std::vector<Event> commit(1 + i % 3, placed("", 0, actor));
      EXPECT_THAT(stores[writer]->append(commit), Succeeds());
    }
  });

  const auto expected = stored(*stores.front());
  ASSERT_TRUE(all.wait_for(expected.size()));
  auto seen = events_in(all);
  ASSERT_EQ(seen.size(), expected.size());
  if (GetParam() == tests::ServerVersion::v2_9) {  // its messages overtake each other
    std::ranges::sort(seen, {}, [](const EventPtr& event) { return event->position; });
  } else {
    EXPECT_EQ(all.seen().size(), expected.size()) << "no gap is told";
  }
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(*seen[i], *expected[i]) << i;
  const auto is_of_one = [](const EventPtr& event) { return event->actor_id == "order-3"; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(expected, is_of_one));
  ASSERT_TRUE(of_one.wait_for(count));
  EXPECT_EQ(of_one.size(), count);
}

TEST_P(BroadcastTest, WhatWasOvertakenIsBehindAGap) {
  const auto bus = bus_at(proxy_.url());
  BusCollector seen;
  const auto subscription = bus->subscribe(ns_, {}, {.on_gap = seen.on_gap()}, seen.handler());
  const auto say = [&](int sequence, int previous) {
    Event event = placed(concat(sequence), static_cast<Version>(sequence));
    event.timestamp = Timestamp(1s);
    const auto message = encode_message("", std::span(&event, 1), {});
    std::vector<Header> headers;
    for (const auto& [name, value] : message.headers) headers.push_back({name, value});
    const std::string own = concat(sequence);
    const std::string last = concat(previous);
    headers.insert(headers.end(), {{"Nats-Stream", "aether=ev=prod=eu"},
                                   {"Nats-Sequence", own},
                                   {"Nats-Last-Sequence", last}});
    const auto transport = Transport::connect({.urls = {server_.url()}});
    EXPECT_THAT((*transport)
                    ->publish({.subject = bus_subject(ns_, event.actor_id),
                               .headers = headers,
                               .data = message.body}),
                Succeeds());
    EXPECT_THAT((*transport)->flush(30s), Succeeds());
  };

  say(1, 0);
  say(3, 2);
  say(2, 1);
  say(4, 3);

  ASSERT_TRUE(seen.wait_for(4));
  EXPECT_THAT(seen.names(),
              ElementsAre("order-1@1", "missing 0", "order-1@3", "order-1@2", "order-1@4"));
}

TEST_P(BroadcastTest, AMessageThatIsLostIsAGapOfItsActor) {
  const auto store = opened();
  const auto bus = bus_at(proxy_.url());
  BusCollector seen;
  const auto subscription = bus->subscribe(ns_, {}, {.on_gap = seen.on_gap()}, seen.handler());
  ASSERT_THAT(store->append(placed("a", 1)), Succeeds());
  ASSERT_TRUE(seen.wait_for(1));
  proxy_.swallow(
      [](const tests::ServerFrame& frame) { return frame.content.contains(R"("id":"b")"); });

  ASSERT_THAT(store->append(placed("b", 2)), Succeeds());
  ASSERT_THAT(store->append(placed("c", 1, "order-2")), Succeeds());
  ASSERT_THAT(store->append(placed("d", 3)), Succeeds());

  ASSERT_TRUE(seen.wait_for(3));
  EXPECT_THAT(seen.names(), ElementsAre("order-1@1", "order-2@1", "missing 0", "order-1@3"));
  EXPECT_EQ(seen.seen()[2].gap,
            (Gap{.cause = Gap::Cause::missing, .ns = ns_, .actor_id = "order-1"}));
}

/// One that reads the store where it may have missed something.
class CatchingUp {
 public:
  CatchingUp(Bus& bus, Store& store, const Namespace& ns)
      : store_(store),
        subscription_(
            *bus.subscribe(ns, {}, {.on_gap = [this](const Gap&) { catch_up(); }},
                           [this](const Namespace&, const EventPtr& event) { take(event); })) {}

  std::vector<EventPtr> seen() {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  [[nodiscard]] std::uint64_t gaps() const { return subscription_.status().counters.gaps; }

 private:
  void take(const EventPtr& event) {
    if (event->position <= reached_) return;  // it was read already
    reached_ = event->position;
    const std::scoped_lock lock(mutex_);
    seen_.push_back(event);
  }
  void catch_up() {
    for (;;) {
      const auto page = store_.read_all({}, reached_, 1'000);
      ASSERT_THAT(page, Succeeds());
      if (page->events.empty()) return;
      for (const EventPtr& event : page->events) take(event);
    }
  }

  Store& store_;
  Position reached_ = 0;  // of the handler, and what is told of gaps
  std::mutex mutex_;      // guards seen_
  std::vector<EventPtr> seen_;
  Subscription subscription_;  // the last member: ends before what it uses
};

TEST_P(BroadcastTest, WhoWasAwayCatchesUpFromTheStoreWithoutLoss) {
  const auto store = opened();
  const auto bus = bus_at(proxy_.url());
  CatchingUp subscriber(*bus, other(), ns_);
  std::atomic<bool> is_over{false};
  std::jthread writer([&] {
    for (int i = 0; !is_over; ++i) {
      EXPECT_THAT(store->append(placed("", 0, concat("order-", i % 5))), Succeeds());
    }
  });

  for (std::uint64_t round = 1; round <= 10; ++round) {
    proxy_.cut();
    EXPECT_TRUE(eventually([&] { return subscriber.gaps() >= round; }));
  }
  is_over = true;
  writer.join();

  const auto expected = stored(*store);
  EXPECT_TRUE(eventually([&] { return subscriber.seen().size() >= expected.size(); }));
  const auto seen = subscriber.seen();
  ASSERT_EQ(seen.size(), expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(*seen[i], *expected[i]) << i;
}

}  // namespace
}  // namespace aether::nats
