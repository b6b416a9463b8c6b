// SPDX-License-Identifier: Apache-2.0
#include "projection/feed_queue.hpp"

#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace aether {
namespace {

EventPtr event_of(std::size_t bytes) {
  auto event = std::make_shared<StoredEvent>();
  event->data = Data::bytes(std::string(bytes, 'x'), "");
  return event;
}

TEST(FeedQueue, HoldsFewEventsWhereTheyAreLarge) {
  FeedQueue queue(1'000);
  const EventPtr large = event_of(std::size_t{20} * 1024 * 1024);
  std::atomic<int> put = 0;
  std::jthread writer([&] {
    for (; put < 6; ++put) queue.put(large);
  });

  ASSERT_TRUE(testing::eventually([&] { return put == 4; }));  // 60 MiB leave room for one more
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(queue.take(1, std::chrono::seconds(1)).size(), 1U);
  ASSERT_TRUE(testing::eventually([&] { return put == 5; }));
  EXPECT_EQ(queue.take(100, std::chrono::seconds(1)).size(), 4U);
  EXPECT_TRUE(testing::eventually([&] { return put == 6; }));
}

TEST(FeedQueue, OnceClosedHoldsUpNobody) {
  FeedQueue queue(1);
  queue.put(event_of(1));
  std::jthread writer([&] { queue.put(event_of(1)); });

  queue.close();
  writer.join();

  EXPECT_EQ(queue.take(10, std::chrono::hours(1)).size(), 1U);
  EXPECT_TRUE(queue.take(10, std::chrono::hours(1)).empty());
}

TEST(FeedQueue, ThatWasWokenGivesNothing) {
  FeedQueue queue(1);

  queue.wake();

  EXPECT_TRUE(queue.take(10, std::chrono::hours(1)).empty());
}

}  // namespace
}  // namespace aether
