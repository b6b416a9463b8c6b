// SPDX-License-Identifier: Apache-2.0
//
// What is stored is published: once, and in order.
#include "aether/bus/broadcast.hpp"

#include "aether/bus/local.hpp"
#include "aether/sqlite/store.hpp"
#include "aether/store/memory.hpp"
#include "temporary_folder.hpp"
#include "testing/bus_collector.hpp"
#include "testing/event_store_fixture.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::testing {
namespace {

constexpr std::size_t kWriters = 16;
constexpr Version kEach = 25;

class BroadcastTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Memory") {
      store_ = make_memory_event_store();
      return;
    }
    auto opened = sqlite::open(folder_.file("events.db"));
    ASSERT_THAT(opened, Succeeds());
    store_ = std::move(*opened);
  }

  EventStore& store() { return *store_; }

  void write_together() {
    run_together(kWriters, [&](std::size_t writer) {
      const std::string actor = "order-" + std::to_string(writer);
      for (Version version = 1; version <= kEach; ++version) {
        EXPECT_THAT(store().append(event_of(actor)), Succeeds());
      }
    });
  }

  const tests::TemporaryFolder folder_;
  std::unique_ptr<EventStore> store_;
  const Namespace prod_ = *Namespace::parse("prod");
};

/// All of it, each event once, positions in order.
void expect_everything_once(const BusCollector& seen, std::size_t count) {
  ASSERT_TRUE(seen.wait_for(count));
  Position last = 0;
  std::map<std::string, Version> versions;
  for (const BusCollector::Seen& one : seen.seen()) {
    ASSERT_NE(one.event, nullptr);
    ASSERT_GT(one.event->position, last);
    last = one.event->position;
    ASSERT_EQ(one.event->version, versions[one.event->actor_id] + 1);
    versions[one.event->actor_id] = one.event->version;
  }
  EXPECT_EQ(seen.size(), count);
}

TEST_P(BroadcastTest, WhatManyWritersStoreComesOnceAndInOrder) {
  const auto bus = make_local_bus();
  BusCollector seen;
  const auto subscription = bus->subscribe(prod_, {}, {}, seen.handler());
  const auto broadcasting = broadcast(store(), 0, *bus, prod_);
  ASSERT_THAT(broadcasting, Succeeds());

  write_together();

  expect_everything_once(seen, kWriters * kEach);
  const auto last = seen.seen().back().event->position;
  EXPECT_TRUE(eventually([&] { return broadcasting->status().position >= last; }));
  EXPECT_EQ(broadcasting->status().counters.delivered, kWriters * kEach);
}

TEST_P(BroadcastTest, ItGoesOnFromThePositionThatAnotherHasReached) {
  const auto bus = make_local_bus();
  BusCollector seen;
  const auto subscription = bus->subscribe(prod_, {}, {}, seen.handler());
  auto first = broadcast(store(), 0, *bus, prod_);
  std::jthread writers([&] { write_together(); });
  ASSERT_TRUE(seen.wait_for(kEach));

  first->stop();
  const auto second = broadcast(store(), first->status().position, *bus, prod_);

  writers.join();
  expect_everything_once(seen, kWriters * kEach);
}

/// A bus that is unavailable now and then, or closed.
class FlakyBus final : public EventBus {
 public:
  explicit FlakyBus(EventBus& bus) : bus_(bus) {}
  Result<void> flush(std::chrono::milliseconds timeout) override {
    if (flush_fails) return fail(Errc::outcome_unknown, "nobody says whether it has arrived");
    return bus_.flush(timeout);
  }
  void close() override { bus_.close(); }

  std::atomic<int> failures{0};  // to come
  std::atomic<int> throws{0};    // to come
  std::atomic<Errc> failure{Errc::unavailable};
  std::atomic<bool> flush_fails{false};
  std::atomic<bool> is_denied{false};

 protected:
  Result<void> do_publish(const Namespace& ns, EventPtr event) override {
    if (throws > 0) {
      --throws;
      throw std::bad_alloc();
    }
    if (is_denied) return fail(Errc::permission_denied, "no right to publish");
    if (failures > 0) {
      --failures;
      return fail(failure, "the bus is away");
    }
    return bus_.publish(ns, std::move(event));
  }
  Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                    SubscribeOptions options, BusHandler handler) override {
    return bus_.subscribe(std::move(pattern), std::move(filter), std::move(options),
                          std::move(handler));
  }

 private:
  EventBus& bus_;
};

TEST_P(BroadcastTest, WhileTheBusIsUnavailableItWaitsAndLosesNothing) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.failures = 3;
  BusCollector seen;
  const auto subscription = bus.subscribe(prod_, {}, {}, seen.handler());
  const auto broadcasting = broadcast(store(), 0, bus, prod_);

  write_together();

  expect_everything_once(seen, kWriters * kEach);
  EXPECT_TRUE(broadcasting->status().active);
  EXPECT_FALSE(broadcasting->status().error.has_value());
}

TEST_P(BroadcastTest, AnOutcomeThatIsNotKnownEndsNothing) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.failures = 3;
  bus.failure = Errc::outcome_unknown;
  BusCollector seen;
  const auto subscription = bus.subscribe(prod_, {}, {}, seen.handler());
  const auto broadcasting = broadcast(store(), 0, bus, prod_);

  write_together();

  expect_everything_once(seen, kWriters * kEach);
}

TEST_P(BroadcastTest, WithoutMemoryForAMomentItGoesOn) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.throws = 3;
  BusCollector seen;
  const auto subscription = bus.subscribe(prod_, {}, {}, seen.handler());
  const auto broadcasting = broadcast(store(), 0, bus, prod_);

  write_together();

  expect_everything_once(seen, kWriters * kEach);
}

TEST_P(BroadcastTest, ItsPositionIsThatOfWhatIsFlushedAndWhatIsNotComesAgain) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.flush_fails = true;
  BusCollector seen;
  const auto subscription = bus.subscribe(prod_, {}, {}, seen.handler());
  const auto broadcasting = broadcast(store(), 0, bus, prod_);
  for (int i = 0; i < 3; ++i) ASSERT_THAT(store().append(event_of("order-1")), Succeeds());

  ASSERT_TRUE(seen.wait_for(7)) << "again and again";
  EXPECT_EQ(broadcasting->status().position, 0U);
  EXPECT_EQ(broadcasting->status().counters.delivered, 0U);
  EXPECT_EQ(broadcasting->status().error->code, Errc::outcome_unknown);
  bus.flush_fails = false;

  EXPECT_TRUE(eventually([&] { return broadcasting->status().counters.delivered == 3; }));
  const auto last = seen.seen().back().event->position;
  EXPECT_EQ(broadcasting->status().position, last);
  Position reached = 0;
  std::vector<Version> versions;
  for (const BusCollector::Seen& one : seen.seen()) {
    if (one.event->position <= reached) continue;  // how a subscriber tells a repeat
    reached = one.event->position;
    versions.push_back(one.event->version);
  }
  EXPECT_THAT(versions, ::testing::ElementsAre(1, 2, 3));
}

TEST_P(BroadcastTest, AnotherErrorOfTheBusEndsItWithThatError) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.is_denied = true;
  const auto broadcasting = broadcast(store(), 0, bus, prod_);

  ASSERT_THAT(store().append(event_of("order-1")), Succeeds());

  ASSERT_TRUE(eventually([&] { return !broadcasting->status().active; }));
  EXPECT_EQ(broadcasting->status().error->code, Errc::permission_denied);
  EXPECT_EQ(broadcasting->status().counters.delivered, 0U);
}

TEST_P(BroadcastTest, ItStopsAtOnceWhileTheBusIsUnavailable) {
  const auto inner = make_local_bus();
  FlakyBus bus(*inner);
  bus.failures = 1'000'000;
  auto broadcasting = broadcast(store(), 0, bus, prod_);
  ASSERT_THAT(store().append(event_of("order-1")), Succeeds());
  ASSERT_TRUE(eventually([&] { return broadcasting->status().error.has_value(); }));
  EXPECT_EQ(broadcasting->status().error->code, Errc::unavailable);
  EXPECT_TRUE(broadcasting->status().active);

  broadcasting->stop();

  EXPECT_FALSE(broadcasting->status().active);
  EXPECT_FALSE(broadcasting->status().error.has_value());
  EXPECT_EQ(broadcasting->status().position, 0U);
}

INSTANTIATE_TEST_SUITE_P(, BroadcastTest, ::testing::Values("Memory", "SQLite"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace aether::testing
