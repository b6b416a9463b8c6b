// SPDX-License-Identifier: Apache-2.0
//
// Many subscriptions on one store, and those of a reader in the same process.
#include "aether/sqlite/store.hpp"
#include "sqlite/test_folder.hpp"
#include "testing/collector.hpp"
#include "testing/threads.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

namespace aether::sqlite {
namespace {

using testing::eventually;
using testing::Gate;
using testing::threads_of_this_process;

constexpr std::size_t kSubscriptions = 1'000;

TEST(SubscriptionsTest, AThousandNeedAFewThreadsAndEndWithTheirStore) {
  const TestFolder folder;
  const std::size_t before = threads_of_this_process();
  auto store = open(folder.file("events.db")).value();
  std::atomic<std::size_t> delivered{0};
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < kSubscriptions; ++i) {
    subscriptions.push_back(store->subscribe({}, 0, [&](const EventPtr&) { ++delivered; }).value());
  }
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store->append({.event_type = "Made", .actor_id = "order-1"}));
  }

  ASSERT_TRUE(eventually([&] { return delivered == 3 * kSubscriptions; }));
  // Reads may wait for the disk, and others then stand in: still not a thread each.
  EXPECT_LE(threads_of_this_process(), before + 70);
  store.reset();
  for (const Subscription& subscription : subscriptions) {
    ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
    EXPECT_EQ(subscription.status().error->code, Errc::closed);
  }
  subscriptions.clear();
  EXPECT_TRUE(eventually([&] { return threads_of_this_process() == before; }));
}

TEST(SubscriptionsTest, AHandlerThatBlocksDelaysNoOtherSubscription) {
  const TestFolder folder;
  const std::string path = folder.file("events.db");
  const auto writer = open(path).value();
  const auto reader = open(path, {.access = Access::read_only}).value();
  Gate gate;
  std::atomic<int> held_up{0};
  std::vector<Subscription> blocked;
  for (int i = 0; i < 10; ++i) {
    blocked.push_back(reader
                          ->subscribe({}, 0,
                                      [&](const EventPtr&) {
                                        ++held_up;
                                        EXPECT_TRUE(gate.pass());
                                      })
                          .value());
  }
  ASSERT_TRUE(writer->append({.event_type = "Made", .actor_id = "order-1"}));
  ASSERT_TRUE(eventually([&] { return held_up == 10; }));

  testing::Collector seen;
  const auto other = reader->subscribe({}, 0, seen.handler()).value();
  for (std::size_t i = 2; i <= 10; ++i) {
    ASSERT_TRUE(writer->append({.event_type = "Made", .actor_id = "order-1"}));
    ASSERT_TRUE(seen.wait_for(i));
  }
  gate.open();
}

}  // namespace
}  // namespace aether::sqlite
