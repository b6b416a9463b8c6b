// SPDX-License-Identifier: Apache-2.0
#include "bus/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace aether {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

NamespacePtr prod() { return std::make_shared<const Namespace>(*Namespace::parse("prod")); }

EventPtr event(Version version) {
  auto made = std::make_shared<StoredEvent>();
  made->version = version;
  return made;
}

class EventQueueTest : public ::testing::Test {
 protected:
  void push(Version version) { queue_.push(prod(), event(version)); }

  /// All that is in the queue, as a subscription would see it: versions, and gaps by their letter
  /// and count.
  std::vector<std::string> rest(std::size_t at_once = 2) {
    std::vector<std::string> seen;
    while (!queue_.has_nothing()) {
      std::vector<Parcel> events;
      for (const Gap& gap : queue_.take(events, at_once)) {
        const std::string letter = gap.cause == Gap::Cause::overflow       ? "o"
                                   : gap.cause == Gap::Cause::disconnected ? "d"
                                                                           : "m" + gap.actor_id;
        seen.push_back(letter + std::to_string(gap.count));
      }
      for (const Parcel& parcel : events) seen.push_back(std::to_string(parcel.event->version));
    }
    return seen;
  }

  EventQueue queue_{5};
};

TEST_F(EventQueueTest, GivesWhatWasPushedInOrder) {
  for (Version version = 1; version <= 5; ++version) push(version);

  EXPECT_TRUE(queue_.is_full());
  EXPECT_THAT(rest(), ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(EventQueueTest, KeepsItsOrderWhileItGrowsAndTurnsRound) {
  EventQueue queue(1'000);
  std::vector<Parcel> taken;
  Version next = 1;
  Version expected = 1;
  for (std::size_t round = 0; round < 300; ++round) {
    for (std::size_t i = 0; i < round % 7 + 3; ++i) queue.push(prod(), event(next++));
    taken.clear();
    static_cast<void>(queue.take(taken, 5));
    for (const Parcel& parcel : taken) ASSERT_EQ(parcel.event->version, expected++);
  }
  EXPECT_GT(queue.size(), 100U);
  EXPECT_EQ(queue.clear(), next - expected);
}

TEST_F(EventQueueTest, OneGapStandsInThePlaceOfAllThatWereDropped) {
  for (Version version = 1; version <= 5; ++version) push(version);

  queue_.drop_oldest();
  queue_.drop_oldest();

  EXPECT_EQ(queue_.size(), 3U);
  EXPECT_THAT(rest(), ElementsAre("o2", "3", "4", "5"));
}

TEST_F(EventQueueTest, AGapComesBeforeTheEventThatFollowsIt) {
  push(1);
  queue_.push_gap({.cause = Gap::Cause::disconnected});
  push(2);
  queue_.push_gap({.cause = Gap::Cause::missing, .actor_id = "a"});
  queue_.push_gap({.cause = Gap::Cause::missing, .actor_id = "b"});
  push(3);
  queue_.push_gap({.cause = Gap::Cause::disconnected});

  EXPECT_THAT(rest(), ElementsAre("1", "d0", "2", "ma0", "mb0", "3", "d0"));
}

TEST_F(EventQueueTest, GapsOfOneKindAtOnePlaceAreOne) {
  queue_.push_gap({.cause = Gap::Cause::overflow, .count = 1});
  queue_.push_gap({.cause = Gap::Cause::disconnected});
  queue_.push_gap({.cause = Gap::Cause::overflow, .count = 2});
  queue_.push_gap({.cause = Gap::Cause::disconnected});

  EXPECT_THAT(rest(), ElementsAre("o3", "d0"));
}

TEST_F(EventQueueTest, WhatIsDroppedTakesItsMissingPredecessorsAlongAndLeavesADisconnection) {
  queue_.push_gap({.cause = Gap::Cause::disconnected});
  queue_.push_gap({.cause = Gap::Cause::missing, .actor_id = "a"});
  push(1);
  queue_.push_gap({.cause = Gap::Cause::missing, .actor_id = "b"});
  push(2);
  push(3);

  queue_.drop_oldest();
  queue_.drop_oldest();

  EXPECT_THAT(rest(), ElementsAre("d0", "o2", "3"));
}

TEST_F(EventQueueTest, GapsAreBoundedToo) {
  push(1);
  for (int i = 0; i < 1'000; ++i) {
    queue_.push_gap({.cause = Gap::Cause::missing, .actor_id = std::to_string(i)});
  }
  EXPECT_LE(rest().size(), 1U + 5U + 16U);
}

TEST_F(EventQueueTest, ClearingLeavesNothing) {
  push(1);
  queue_.push_gap({.cause = Gap::Cause::disconnected});
  push(2);

  EXPECT_EQ(queue_.clear(), 2U);

  EXPECT_TRUE(queue_.has_nothing());
  EXPECT_THAT(rest(), IsEmpty());
  push(3);
  EXPECT_THAT(rest(), ElementsAre("3"));
}

}  // namespace
}  // namespace aether
