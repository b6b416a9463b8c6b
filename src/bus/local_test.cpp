// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/local.hpp"

#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aether {
namespace {

using testing::eventually;
using testing::FailsWith;
using testing::Gate;
using ::testing::HasSubstr;
using testing::Succeeds;

const Namespace kProd = *Namespace::parse("prod");

Event event(Version version) {
  return {.event_type = "OrderPlaced", .actor_id = "order-1", .version = version};
}

TEST(LocalBus, AnEventOfOnesOwnGetsAnIdAndATime) {
  const auto bus = make_local_bus();
  EventPtr seen;
  Gate came;
  const auto subscription = bus->subscribe(kProd, {}, {}, [&](const Namespace&, const EventPtr& e) {
    seen = e;
    came.open();
  });
  ASSERT_THAT(subscription, Succeeds());

  EXPECT_THAT(bus->publish(kProd, event(7)), Succeeds());

  ASSERT_TRUE(came.pass());
  EXPECT_FALSE(seen->id.empty());
  EXPECT_NE(seen->timestamp, kNoTimestamp);
  EXPECT_EQ(seen->version, 7U);
  EXPECT_EQ(seen->position, 0U);
}

TEST(LocalBus, AHandlerThatIsStuckEndsItsSubscriptionOnceThePublisherHasWaitedLongEnough) {
  std::mutex mutex;
  std::vector<std::string> log;
  const auto bus = make_local_bus({.block_timeout = std::chrono::milliseconds(20),
                                   .log = [&](LogLevel, std::string_view message) {
                                     const std::scoped_lock lock(mutex);
                                     log.emplace_back(message);
                                   }});
  Gate running;
  Gate released;
  auto stuck = bus->subscribe(kProd, {}, {.capacity = 2}, [&](const Namespace&, const EventPtr&) {
    running.open();
    EXPECT_TRUE(released.pass());
  });
  std::atomic<int> others{0};
  const auto other =
      bus->subscribe(kProd, {}, {}, [&](const Namespace&, const EventPtr&) { ++others; });
  ASSERT_THAT(bus->publish(kProd, event(1)), Succeeds());
  ASSERT_TRUE(running.pass());
  for (Version version = 2; version <= 3; ++version) {
    ASSERT_THAT(bus->publish(kProd, event(version)), Succeeds());
  }

  EXPECT_THAT(bus->publish(kProd, event(4)), Succeeds());

  ASSERT_TRUE(stuck->status().error.has_value());
  EXPECT_EQ(stuck->status().error->code, Errc::unavailable);
  EXPECT_TRUE(eventually([&] { return others == 4; }));
  EXPECT_THAT(bus->publish(kProd, event(5)), Succeeds());
  released.open();
  ASSERT_TRUE(eventually([&] { return !stuck->status().active; }));
  EXPECT_EQ(stuck->status().counters,
            (Subscription::Counters{.received = 4, .delivered = 3, .dropped = 1, .gaps = 0}));
  EXPECT_TRUE(eventually([&] { return others == 5; }));
  stuck->stop();
  const std::scoped_lock lock(mutex);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_THAT(log.front(), HasSubstr("the subscription to prod"));
  EXPECT_THAT(log.front(), HasSubstr("20 ms"));
}

TEST(LocalBus, AHandlerThatIsSlowButGetsOnIsWaitedFor) {
  constexpr Version kEvents = 140;
  // Room is made 64 events at a time, which takes longer than a publisher waits for one.
  const auto bus = make_local_bus({.block_timeout = std::chrono::milliseconds(300)});
  std::atomic<Version> last{0};
  const auto slow =
      bus->subscribe(kProd, {}, {.capacity = 64}, [&](const Namespace&, const EventPtr& one) {
        // It is slow, and waits for nothing.
        std::this_thread::sleep_for(std::chrono::milliseconds(8));
        EXPECT_EQ(one->version, last + 1);
        last = one->version;
      });

  for (Version version = 1; version <= kEvents; ++version) {
    ASSERT_THAT(bus->publish(kProd, event(version)), Succeeds());
  }

  EXPECT_TRUE(eventually([&] { return last == kEvents; }));
  EXPECT_FALSE(slow->status().error.has_value());
  EXPECT_EQ(slow->status().counters.dropped, 0U);
}

TEST(LocalBus, ManyHandlersThatBlockHoldUpNobodyElse) {
  constexpr int kBlocked = 150;
  const auto bus = make_local_bus();
  Gate released;
  std::atomic<int> blocked{0};
  std::vector<Result<Subscription>> subscriptions;
  for (int i = 0; i < kBlocked; ++i) {
    subscriptions.push_back(bus->subscribe(kProd, {}, {}, [&](const Namespace&, const EventPtr&) {
      ++blocked;
      EXPECT_TRUE(released.pass());
    }));
    ASSERT_THAT(subscriptions.back(), Succeeds());
  }
  std::atomic<int> seen{0};
  const auto dev = *Namespace::parse("dev");
  const auto other =
      bus->subscribe(dev, {}, {}, [&](const Namespace&, const EventPtr&) { ++seen; });

  ASSERT_THAT(bus->publish(kProd, event(1)), Succeeds());
  ASSERT_THAT(bus->publish(dev, event(1)), Succeeds());

  EXPECT_TRUE(eventually([&] { return blocked == kBlocked && seen == 1; }));
  released.open();
}

TEST(LocalBus, WhatThrowsInATurnEndsTheSubscriptionAndNotTheProgram) {
  const auto bus =
      make_local_bus({.log = [](LogLevel, std::string_view) { throw std::bad_alloc(); }});
  const auto held = std::make_shared<int>(1);
  const auto throwing = bus->subscribe(
      kProd, {}, {}, [held](const Namespace&, const EventPtr&) { throw std::runtime_error("no"); });
  std::atomic<int> seen{0};
  const auto other =
      bus->subscribe(kProd, {}, {}, [&](const Namespace&, const EventPtr&) { ++seen; });

  EXPECT_THAT(bus->publish(kProd, event(1)), Succeeds());

  EXPECT_TRUE(eventually([&] { return held.use_count() == 1; })) << "it lets go of its handler";
  EXPECT_FALSE(throwing->status().active);
  EXPECT_THAT(throwing->status().error->message, HasSubstr("threw: no"));
  EXPECT_EQ(throwing->status().counters.dropped, 1U);
  EXPECT_TRUE(eventually([&] { return seen == 1; }));
  EXPECT_THAT(bus->publish(kProd, event(2)), Succeeds());
  EXPECT_TRUE(eventually([&] { return seen == 2; }));
}

TEST(LocalBus, AHandlerGoesWithItsSubscription) {
  const auto bus = make_local_bus();
  const auto held = std::make_shared<int>(1);
  auto stopped = bus->subscribe(kProd, {}, {}, [held](const Namespace&, const EventPtr&) {});
  auto throwing = bus->subscribe(
      kProd, {}, {}, [held](const Namespace&, const EventPtr&) { throw std::runtime_error("no"); });
  ASSERT_EQ(held.use_count(), 3);

  EXPECT_THAT(bus->publish(kProd, event(1)), Succeeds());
  stopped->stop();

  EXPECT_TRUE(eventually([&] { return held.use_count() == 1; }));
  EXPECT_THAT(throwing->status().error->message, HasSubstr("threw: no"));
}

TEST(LocalBus, BusesAreApartThoughOneThreadPublishesOnBoth) {
  constexpr int kBuses = 3;
  std::array<std::atomic<int>, kBuses> seen{};
  std::vector<std::unique_ptr<EventBus>> buses;
  std::vector<Result<Subscription>> subscriptions;
  for (auto& count : seen) {
    buses.push_back(make_local_bus());
    subscriptions.push_back(buses.back()->subscribe(
        kProd, {}, {}, [&](const Namespace&, const EventPtr&) { ++count; }));
  }

  for (Version version = 1; version <= 60; ++version) {
    const std::size_t bus = version % 6 == 0 ? 0 : version % 6 < 3 ? 1 : 2;
    EXPECT_THAT(buses[bus]->publish(kProd, event(version)), Succeeds());
  }

  EXPECT_TRUE(eventually([&] { return seen[0] + seen[1] + seen[2] == 60; }));
  EXPECT_THAT(std::vector<int>(seen.begin(), seen.end()), ::testing::ElementsAre(10, 20, 30));
}

TEST(LocalBus, AThreadMayPublishToItsVeryEnd) {
  struct AtExit {
    std::function<void()> call;
    AtExit() = default;
    ~AtExit() { call(); }
    AtExit(const AtExit&) = delete;
    AtExit& operator=(const AtExit&) = delete;
  };
  const auto bus = make_local_bus();
  std::atomic<int> seen{0};
  const auto subscription =
      bus->subscribe(kProd, {}, {}, [&](const Namespace&, const EventPtr&) { ++seen; });

  std::thread([&] {
    thread_local AtExit at_exit;  // made before what the bus keeps for the thread, so it goes after
    at_exit.call = [&] { EXPECT_THAT(bus->publish(kProd, event(2)), Succeeds()); };
    EXPECT_THAT(bus->publish(kProd, event(1)), Succeeds());
  }).join();

  EXPECT_TRUE(eventually([&] { return seen == 2; }));
}

TEST(LocalBus, SaysWhatIsWrongWithWhatItIsGiven) {
  const auto bus = make_local_bus();

  EXPECT_THAT(bus->publish(kProd, EventPtr()), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(bus->publish(kProd, event(0)).error().message, HasSubstr("version 0"));
  EXPECT_THAT(bus->publish(kProd, Event{.event_type = "E", .actor_id = "a\n", .version = 1}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(bus->subscribe(kProd, {}, {}, {}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(bus->subscribe(kProd, {}, {.capacity = 0}, [](const Namespace&, const EventPtr&) {}),
              FailsWith(Errc::invalid_argument));
}

}  // namespace
}  // namespace aether
