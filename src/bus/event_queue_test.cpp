// SPDX-License-Identifier: Apache-2.0
#include "bus/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

NamespacePtr prod() { return std::make_shared<const Namespace>(*Namespace::parse("prod")); }

EventPtr event_at(Version version) {
  auto made = std::make_shared<StoredEvent>();
  made->version = version;
  return made;
}

std::vector<Version> versions_in(const std::vector<Stretch>& stretches) {
  std::vector<Version> versions;
  for (const Stretch& stretch : stretches) {
    for (std::uint32_t i = stretch.begin; i < stretch.end; ++i) {
      versions.push_back(stretch.bundle->events[i]->version);
    }
  }
  return versions;
}

class EventQueueTest : public ::testing::Test {
 protected:
  void push(Version version) {
    const Packed packed = packer_.pack(event_at(version));
    queue_.push(packed.bundle, packed.index);
  }

  /// All that is in the queue, as a subscription would see it: versions, and gaps by their letter
  /// and count.
  std::vector<std::string> rest(std::size_t at_once = 2) {
    std::vector<std::string> seen;
    while (!queue_.has_nothing()) {
      std::vector<Stretch> events;
      for (const Gap& gap : queue_.take(events, at_once)) {
        const std::string letter = gap.cause == Gap::Cause::overflow       ? "o"
                                   : gap.cause == Gap::Cause::disconnected ? "d"
                                                                           : "m" + gap.actor_id;
        seen.push_back(letter + std::to_string(gap.count));
      }
      for (const Version version : versions_in(events)) seen.push_back(std::to_string(version));
    }
    return seen;
  }

  Packer packer_{prod()};
  EventQueue queue_{5};
};

TEST_F(EventQueueTest, GivesWhatWasPushedInOrder) {
  for (Version version = 1; version <= 5; ++version) push(version);

  EXPECT_TRUE(queue_.is_full());
  EXPECT_THAT(rest(), ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(EventQueueTest, KeepsItsOrderWhileItGrowsAndTurnsRound) {
  EventQueue queue(10'000);
  std::vector<Stretch> taken;
  Version next = 1;
  Version expected = 1;
  for (std::size_t round = 0; round < 600; ++round) {
    for (std::size_t i = 0; i < round % 7 + 3; ++i) {
      const Packed packed = packer_.pack(event_at(next++));
      queue.push(packed.bundle, packed.index);
      if (i % 4 == 3)
        static_cast<void>(packer_.pack(event_at(0)));  // one that the filter holds back
    }
    if (round % 50 == 49) {
      queue.drop_oldest();
      taken.clear();
      EXPECT_EQ(queue.take(taken, 5).size(), 1U);
      ++expected;
    }
    taken.clear();
    static_cast<void>(queue.take(taken, 5));
    for (const Version version : versions_in(taken)) ASSERT_EQ(version, expected++);
  }
  EXPECT_GT(queue.size(), 200U);
  EXPECT_EQ(queue.size(), next - expected);
  EXPECT_EQ(queue.clear(), next - expected);
}

TEST_F(EventQueueTest, NeighboursShareABundleAndLargeEventsHaveOneToThemselves) {
  const auto bundle_of = [&](std::size_t bytes) {
    auto made = std::make_shared<StoredEvent>();
    made->data = Data::bytes(std::string(bytes, 'x'), "");
    return packer_.pack(std::move(made)).bundle;
  };

  const BundlePtr first = bundle_of(10);
  EXPECT_EQ(bundle_of(10), first);
  const BundlePtr large = bundle_of(Packer::kLargeData);
  EXPECT_NE(large, first);
  EXPECT_EQ(large->events.size(), 1U);
  const BundlePtr second = bundle_of(10);
  EXPECT_NE(second, large);
  for (std::size_t i = 1; i < Packer::kRoom; ++i) EXPECT_EQ(bundle_of(10), second);
  EXPECT_NE(bundle_of(10), second);
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

TEST_F(EventQueueTest, HowManyAreMissingIsNotForgottenWithTheEventThatIsDropped) {
  queue_.push_gap({.cause = Gap::Cause::missing, .count = 2, .actor_id = "a"});
  push(1);
  queue_.push_gap({.cause = Gap::Cause::missing, .count = 3, .actor_id = "a"});
  push(2);
  queue_.push_gap({.cause = Gap::Cause::missing, .count = 4, .actor_id = "b"});
  push(3);
  push(4);

  queue_.drop_oldest();
  queue_.drop_oldest();
  EXPECT_EQ(queue_.size(), 2U);
  queue_.drop_oldest();

  EXPECT_THAT(rest(), ElementsAre("m9", "o3", "4"));
}

TEST_F(EventQueueTest, TooManyGapsForOnePlaceBecomeOneWithTheirSum) {
  for (int i = 0; i < 100; ++i) {
    queue_.push_gap({.cause = Gap::Cause::missing, .count = 1, .actor_id = std::to_string(i)});
  }
  std::uint64_t sum = 0;
  std::vector<Stretch> none;
  for (const Gap& gap : queue_.take(none, 1)) sum += gap.count;

  EXPECT_EQ(sum, 100U);
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
