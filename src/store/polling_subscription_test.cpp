// SPDX-License-Identifier: Apache-2.0
#include "store/polling_subscription.hpp"

#include "aether/store/memory.hpp"
#include "testing/collector.hpp"
#include "testing/matchers.hpp"
#include "testing/threads.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using testing::Collector;
using testing::eventually;
using testing::Gate;
using testing::threads_of_this_process;

EventPtr event_at(Position position) {
  auto event = std::make_shared<StoredEvent>(Event{.event_type = "Made", .actor_id = "order-1"});
  event->position = position;
  return event;
}

EventSource source_of(std::function<Result<Page>(Position after)> read) {
  return {.read_all = [read = std::move(read)](const Filter&, Position after,
                                               std::size_t) { return read(after); },
          .notifier = std::make_shared<Notifier>(),
          .threads = std::make_shared<SubscriptionThreads>()};
}

TEST(CheckPollInterval, RefusesWhatWouldPollWithoutEnd) {
  EXPECT_THAT(check_poll_interval(milliseconds(1)), testing::Succeeds());
  EXPECT_THAT(check_poll_interval(milliseconds::max()), testing::Succeeds());
  for (const milliseconds interval : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
    EXPECT_THAT(check_poll_interval(interval), testing::FailsWith(Errc::invalid_argument));
  }
}

TEST(PollingSubscription, LooksByItselfForWhatNobodyTellsOf) {
  std::atomic<bool> was_read{false};
  std::atomic<bool> there{false};
  auto source = source_of([&](Position after) -> Result<Page> {
    const bool found = there && after == 0;
    was_read = true;
    if (!found) return Page{.events = {}, .next = after};
    return Page{.events = {event_at(1)}, .next = 1};
  });
  source.poll_interval = milliseconds(5);
  Collector seen;
  const auto subscription = start_polling(std::move(source), {}, 0, seen.handler()).value();
  ASSERT_TRUE(eventually([&] { return was_read.load(); }));

  there = true;

  EXPECT_TRUE(seen.wait_for(1));
}

TEST(PollingSubscription, IsWokenByWhatIsStoredWhileItReads) {
  const auto notifier = std::make_shared<Notifier>();
  std::atomic<int> reads{0};
  auto source = source_of([&, notifier](Position after) -> Result<Page> {
    if (++reads == 1) {
      notifier->notify();  // of an event that this read has missed
      return Page{.events = {}, .next = after};
    }
    if (after == 1) return Page{.events = {}, .next = after};
    return Page{.events = {event_at(1)}, .next = 1};
  });
  source.notifier = notifier;
  Collector seen;

  const auto subscription = start_polling(std::move(source), {}, 0, seen.handler()).value();

  EXPECT_TRUE(seen.wait_for(1));
}

TEST(PollingSubscription, ReadsAgainWhatCouldNotBeRead) {
  std::atomic<int> reads{0};
  auto source = source_of([&](Position after) -> Result<Page> {
    if (++reads <= 3) return fail(Errc::unavailable, "the disk is full");
    if (after == 1) return Page{.events = {}, .next = after};
    return Page{.events = {event_at(1)}, .next = 1};
  });
  std::atomic<int> lines{0};
  source.log = [&](LogLevel, std::string_view) { ++lines; };
  Collector seen;
  const auto subscription = start_polling(std::move(source), {}, 0, seen.handler()).value();

  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_FALSE(subscription.status().error.has_value());
  EXPECT_EQ(lines, 2) << "that it fails, and that it no longer does";
}

TEST(PollingSubscription, CountsWhatItReadAndWhatWasHandled) {
  auto source = source_of([&](Position after) -> Result<Page> {
    if (after == 3) return Page{.events = {}, .next = after};
    return Page{.events = {event_at(1), event_at(2), event_at(3)}, .next = 3};
  });
  Gate first;
  Gate rest;
  const auto subscription = start_polling(std::move(source), {}, 0, [&](const EventPtr& event) {
                              if (event->position != 2) return;
                              first.open();
                              EXPECT_TRUE(rest.pass());
                            }).value();
  ASSERT_TRUE(first.pass());

  EXPECT_EQ(subscription.status().counters,
            (Subscription::Counters{.received = 3, .delivered = 1}));
  rest.open();
  EXPECT_TRUE(eventually([&] { return subscription.status().counters.delivered == 3; }));
}

TEST(PollingSubscription, WhatItsHandlerKeepsGoesWithIt) {
  constexpr int kBlocked = 64;
  const auto store = make_memory_event_store();
  ASSERT_TRUE(store->append({.event_type = "Made", .actor_id = "order-1"}));
  Gate gate;
  std::atomic<int> held_up{0};
  std::vector<Subscription> blocked;
  for (int i = 0; i < kBlocked; ++i) {
    blocked.push_back(store
                          ->subscribe({}, 0,
                                      [&](const EventPtr&) {
                                        ++held_up;
                                        EXPECT_TRUE(gate.pass());
                                      })
                          .value());
  }
  ASSERT_TRUE(eventually([&] { return held_up == kBlocked; }));
  const auto kept = std::make_shared<int>(0);
  Subscription waits_for_its_turn =
      store->subscribe({}, 0, [kept](const EventPtr&) { ++*kept; }).value();
  EXPECT_EQ(kept.use_count(), 2);

  waits_for_its_turn = Subscription();

  EXPECT_EQ(kept.use_count(), 1) << "the handler outlived its subscription";
  gate.open();
}

TEST(PollingSubscription, AThousandNeedAFewThreadsAndEndWithTheirStore) {
  constexpr std::size_t kSubscriptions = 1'000;
  const std::size_t before = threads_of_this_process();
  auto store = make_memory_event_store();
  std::atomic<std::size_t> delivered{0};
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < kSubscriptions; ++i) {
    subscriptions.push_back(store->subscribe({}, 0, [&](const EventPtr&) { ++delivered; }).value());
  }
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store->append({.event_type = "Made", .actor_id = "order-1"}));
  }

  ASSERT_TRUE(eventually([&] { return delivered == 5 * kSubscriptions; }));
  EXPECT_LE(threads_of_this_process(), before + std::thread::hardware_concurrency() + 3);
  store.reset();
  for (const Subscription& subscription : subscriptions) {
    ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
    EXPECT_EQ(subscription.status().error->code, Errc::closed);
  }
  subscriptions.clear();
  EXPECT_TRUE(eventually([&] { return threads_of_this_process() == before; }));
}

TEST(PollingSubscription, HandlersThatBlockDelayNoOtherSubscription) {
  const auto store = make_memory_event_store();
  Gate gate;
  std::atomic<int> held_up{0};
  std::vector<Subscription> blocked;
  for (int i = 0; i < 20; ++i) {
    blocked.push_back(store
                          ->subscribe({}, 0,
                                      [&](const EventPtr&) {
                                        ++held_up;
                                        EXPECT_TRUE(gate.pass());
                                      })
                          .value());
  }
  ASSERT_TRUE(store->append({.event_type = "Made", .actor_id = "order-1"}));
  ASSERT_TRUE(eventually([&] { return held_up == 20; }));

  Collector seen;
  const auto other = store->subscribe({}, 0, seen.handler()).value();
  for (std::size_t i = 2; i <= 20; ++i) {
    ASSERT_TRUE(store->append({.event_type = "Made", .actor_id = "order-1"}));
    ASSERT_TRUE(seen.wait_for(i));
  }
  EXPECT_EQ(held_up, 20);
  gate.open();
}

}  // namespace
}  // namespace aether
