// SPDX-License-Identifier: Apache-2.0
#include "cluster/plan.hpp"

#include "core/test_random.hpp"
#include "core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace aether::cluster {
namespace {

constexpr std::uint64_t kLeader = 1;

/// A cluster on paper: a table, and nodes that come, go, and release what they are told to.
class PlanTest : public ::testing::Test {
 protected:
  explicit PlanTest(std::uint32_t shards = 1024) { table_.shards.resize(shards); }

  PresentNode& join(std::string_view id) {
    nodes_.push_back({.node = {.id = std::string(id), .tenure = concat("t", ++tenures_)}});
    return nodes_.back();
  }

  PresentNode& node(std::string_view id) {
    return *std::ranges::find(nodes_, id, [](const PresentNode& one) { return one.node.id; });
  }

  void crash(std::string_view id) {
    std::erase_if(nodes_, [&](const PresentNode& one) { return one.node.id == id; });
  }

  /// The leader's next table, if it writes one; checked against the last.
  bool plan_once() {
    auto next = plan(table_, nodes_, kLeader, limits_);
    if (!next) return false;
    EXPECT_EQ(next->epoch, table_.epoch + 1);
    for (ShardId shard = 0; shard < table_.shards.size(); ++shard) check_step(*next, shard);
    EXPECT_LE(moving(*next), limits_.max_moving);
    table_ = std::move(*next);
    return true;
  }

  /// `id` releases what moves away from it.
  void release(std::string_view id) {
    PresentNode& present = node(id);
    const NodeIndex index = table_.find(present.node);
    for (ShardId shard = 0; shard < table_.shards.size(); ++shard) {
      const auto& slot = table_.shards[shard];
      if (slot.owner == index && slot.next != kNobody) {
        present.released.push_back({shard, slot.epoch});
      }
    }
  }

  /// Until nothing is to be done any more. Returns how many shards got another owner.
  std::size_t settle() {
    std::size_t given = 0;
    for (int round = 0; round < 1'000; ++round) {
      while (plan_once()) given += given_now();
      if (moving(table_) == 0) return given;
      for (const PresentNode& present : nodes_) release(present.node.id);
    }
    ADD_FAILURE() << "it does not settle";
    return given;
  }

  [[nodiscard]] std::string owner(ShardId shard) const {
    const NodeIndex index = table_.shards.at(shard).owner;
    return index == kNobody ? "nobody" : table_.nodes.at(index).id;
  }

  [[nodiscard]] std::map<std::string, std::size_t> counts() const {
    std::map<std::string, std::size_t> counts;
    for (const PresentNode& present : nodes_) counts[present.node.id] = 0;
    for (ShardId shard = 0; shard < table_.shards.size(); ++shard) ++counts[owner(shard)];
    return counts;
  }

  void expect_balance() const {
    std::size_t least = table_.shards.size();
    std::size_t most = 0;
    const auto counts = this->counts();
    for (const PresentNode& present : nodes_) {
      if (!present.takes_shards) continue;
      least = std::min(least, counts.at(present.node.id));
      most = std::max(most, counts.at(present.node.id));
    }
    EXPECT_LE(most, least + 1);
    EXPECT_EQ(counts.count("nobody"), 0U);
  }

  static std::size_t moving(const ShardTable& table) {
    return static_cast<std::size_t>(
        std::ranges::count_if(table.shards, [](const auto& slot) { return slot.next != kNobody; }));
  }

  ShardTable table_;
  std::vector<PresentNode> nodes_;
  PlanLimits limits_{.max_moving = 64};

 private:
  /// A shard that somebody may still act for is never given away.
  void check_step(const ShardTable& next, ShardId shard) const {
    const auto& before = table_.shards[shard];
    const auto& after = next.shards[shard];
    if (before.epoch != after.epoch && after.owner != kNobody) {
      EXPECT_EQ(after.epoch, next.epoch) << shard;
    }
    if (after.owner == kNobody) {
      EXPECT_EQ(after, ShardTable::Slot{}) << shard;
    } else if (after.epoch == next.epoch) {
      const auto taker = std::ranges::find(nodes_, next.nodes[after.owner], &PresentNode::node);
      ASSERT_NE(taker, nodes_.end()) << shard;
      EXPECT_TRUE(taker->takes_shards) << shard;
    }
    if (before.owner == kNobody) return;
    const auto& owner = table_.nodes[before.owner];
    const auto present = std::ranges::find(nodes_, owner, &PresentNode::node);
    if (present == nodes_.end()) return;
    if (std::ranges::count(present->released, ReleasedShard{shard, before.epoch}) != 0) {
      EXPECT_NE(after.epoch, before.epoch) << shard;
      return;
    }
    ASSERT_NE(after.owner, kNobody) << shard;
    EXPECT_EQ(next.nodes[after.owner], owner) << shard;
    EXPECT_EQ(after.epoch, before.epoch) << shard;
  }

  [[nodiscard]] std::size_t given_now() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        table_.shards, [&](const auto& slot) { return slot.epoch == table_.epoch; }));
  }

  int tenures_ = 0;
};

TEST_F(PlanTest, GivesTheFirstNodeAllShardsAtOnce) {
  join("a");

  EXPECT_EQ(settle(), 1024U);

  EXPECT_EQ(counts().at("a"), 1024U);
  EXPECT_FALSE(plan_once());
}

TEST_F(PlanTest, MovesExactly93ShardsToTheEleventhNodeAtMost64AtATime) {
  for (int i = 0; i < 10; ++i) join(concat("n", i));
  settle();
  join("x");

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(moving(table_), 64U);
  EXPECT_EQ(counts().at("x"), 0U) << "nothing is given before it is released";
  EXPECT_EQ(settle(), 93U);

  EXPECT_EQ(counts().at("x"), 93U);
  expect_balance();
}

TEST_F(PlanTest, GivesAShardAwayWhenItWasReleasedAtItsPresentEpoch) {
  join("a");
  settle();
  join("b");
  plan_once();
  const auto moves = [](const ShardTable::Slot& slot) { return slot.next != kNobody; };
  const auto shard =
      static_cast<ShardId>(std::ranges::find_if(table_.shards, moves) - table_.shards.begin());
  const std::uint64_t epoch = table_.shards[shard].epoch;

  node("a").released = {{shard, epoch + 1}, {shard + 1, epoch - 1}};
  EXPECT_FALSE(plan_once()) << "of another epoch, that means nothing";

  node("a").released = {{shard, epoch}};
  EXPECT_TRUE(plan_once());
  EXPECT_EQ(owner(shard), "b");
}

TEST_F(PlanTest, GivesTheShardsOfACrashedNodeAwayAtOnceAndMovesNoOthers) {
  for (const auto* id : {"a", "b", "c"}) join(id);
  settle();
  const std::size_t lost = counts().at("b");
  crash("b");

  ASSERT_TRUE(plan_once());

  EXPECT_EQ(moving(table_), 0U);
  EXPECT_FALSE(plan_once());
  expect_balance();
  EXPECT_EQ(lost, 341U);
}

TEST_F(PlanTest, GivesARestartedNodeItsShardsAtANewEpoch) {
  for (const auto* id : {"a", "b", "c"}) join(id);
  settle();
  const ShardTable before = table_;
  crash("b");
  join("b");

  ASSERT_TRUE(plan_once());

  for (ShardId shard = 0; shard < 1024; ++shard) {
    const auto& old = before.shards[shard];
    EXPECT_EQ(owner(shard), before.nodes[old.owner].id);
    const bool is_restarted = owner(shard) == "b";
    EXPECT_EQ(table_.shards[shard].epoch, is_restarted ? table_.epoch : old.epoch);
  }
  EXPECT_FALSE(plan_once());
}

TEST_F(PlanTest, DrainsANodeThatLeavesAndGivesItNothing) {
  for (const auto* id : {"a", "b", "c"}) join(id);
  settle();
  const std::size_t had = counts().at("b");
  node("b").takes_shards = false;

  EXPECT_EQ(settle(), had);

  EXPECT_EQ(counts().at("b"), 0U);
  expect_balance();
}

TEST_F(PlanTest, LeavesTheShardsToALeaverWhereNobodyElseIs) {
  join("a").takes_shards = true;
  settle();
  node("a").takes_shards = false;

  EXPECT_FALSE(plan_once());
  EXPECT_EQ(counts().at("a"), 1024U);
}

TEST_F(PlanTest, EndsAMoveToANodeThatCrashed) {
  join("a");
  settle();
  join("b");
  plan_once();
  crash("b");

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(moving(table_), 0U);
  EXPECT_EQ(counts().at("a"), 1024U);
}

TEST_F(PlanTest, GivesBackWhatWasReleasedForANodeThatCrashed) {
  join("a");
  settle();
  join("b");
  plan_once();
  crash("b");
  plan_once();
  const std::uint64_t epoch = table_.shards[1023].epoch;
  node("a").released = {{1023, epoch}};

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(owner(1023), "a");
  EXPECT_GT(table_.shards[1023].epoch, epoch) << "else a, which gave it up, would not take it";
}

TEST_F(PlanTest, TakesAShardThatAReleaserCrashedWithToItsDestination) {
  join("a");
  settle();
  join("b");
  plan_once();
  std::vector<ShardId> moved;
  for (ShardId shard = 0; shard < 1024; ++shard) {
    if (table_.shards[shard].next != kNobody) moved.push_back(shard);
  }
  join("c");
  crash("a");

  plan_once();

  std::size_t at_destination = 0;
  for (const ShardId shard : moved) at_destination += owner(shard) == "b" ? 1U : 0U;
  EXPECT_EQ(at_destination, moved.size());
  expect_balance();
}

TEST_F(PlanTest, SendsWhatMovesAlreadyToANodeThatJoinsMeanwhile) {
  table_.shards.resize(4);
  join("a");
  settle();
  join("b");
  plan_once();
  ASSERT_EQ(moving(table_), 2U);
  join("c");

  EXPECT_EQ(settle(), 2U) << "and not to b first";
  expect_balance();
}

TEST_F(PlanTest, KeepsToItsMovesWhileSomeOfThemAreDone) {
  table_.shards.resize(8);
  join("a");
  settle();
  join("b");
  join("c");
  plan_once();
  ASSERT_EQ(moving(table_), 5U);
  ASSERT_EQ(table_.nodes.at(table_.shards[6].next).id, "c");
  const ShardTable before = table_;
  node("a").released = {{6, table_.shards[6].epoch}};

  ASSERT_TRUE(plan_once());

  EXPECT_EQ(owner(6), "c");
  for (const ShardId shard : {3U, 4U, 5U, 7U}) {
    EXPECT_EQ(table_.shards[shard], before.shards[shard]) << shard;
  }
}

TEST_F(PlanTest, LeavesShardsToNobodyWhenAllNodesHaveCrashed) {
  join("a");
  settle();
  crash("a");
  join("b").takes_shards = false;

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(counts().at("nobody"), 1024U);
}

TEST_F(PlanTest, GivesNothingToARestartedNodeThatLeaves) {
  for (const auto* id : {"a", "b"}) join(id);
  settle();
  crash("b");
  join("b").takes_shards = false;

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(counts().at("a"), 1024U);
}

TEST_F(PlanTest, ListsANodeThatOwnsNothing) {
  join("a");
  settle();
  join("b").takes_shards = false;

  ASSERT_TRUE(plan_once());
  EXPECT_EQ(table_.nodes.size(), 2U);
}

TEST_F(PlanTest, KeepsEachShardWithOneOwnerThroughAnyHistoryAndSettles) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    auto random = seeded_random(seed);
    table_ = {.shards = std::vector<ShardTable::Slot>(64)};
    nodes_.clear();
    limits_.max_moving = 1 + random() % 16;
    for (int step = 0; step < 60; ++step) {
      const std::string id = concat("n", random() % 6);
      const bool is_there =
          std::ranges::count(nodes_, id, [](const PresentNode& one) { return one.node.id; }) != 0;
      switch (random() % 6) {
        case 0:
          if (!is_there) join(id);
          break;
        case 1:
          crash(id);
          if (random() % 2 == 0) join(id);
          break;
        case 2:
          if (is_there) node(id).takes_shards = random() % 2 == 0;
          break;
        default:
          if (is_there) release(id);
      }
      if (random() % 2 == 0) plan_once();
    }
    join("last");  // so that somebody takes them
    settle();
    expect_balance();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace aether::cluster
