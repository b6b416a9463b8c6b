// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/placement.hpp"

#include "core/test_random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace aether {
namespace {

constexpr std::size_t kShards = 1024;
using Owners = std::vector<NodeIndex>;

std::vector<std::size_t> counts_of(const Owners& owners, NodeIndex nodes) {
  std::vector<std::size_t> counts(nodes);
  for (const NodeIndex owner : owners) ++counts.at(owner);  // throws on a shard that nobody owns
  return counts;
}

std::size_t spread(const Owners& owners, NodeIndex nodes) {
  const auto counts = counts_of(owners, nodes);
  return std::ranges::max(counts) - std::ranges::min(counts);
}

std::size_t moved(const Owners& before, const Owners& after) {
  std::size_t count = 0;
  for (std::size_t shard = 0; shard < before.size(); ++shard) {
    if (before[shard] != after[shard]) ++count;
  }
  return count;
}

Owners placed(NodeIndex nodes) { return rebalance(Owners(kShards, kNobody), nodes); }

/// `owners` without the node `leaver`: those behind it move up in the list.
Owners without(Owners owners, NodeIndex leaver) {
  for (NodeIndex& owner : owners) {
    if (owner == leaver) {
      owner = kNobody;
    } else if (owner > leaver) {
      --owner;
    }
  }
  return owners;
}

TEST(Placement, GivesEachNodeTheSameNumberOfShardsOrOneMore) {
  for (NodeIndex nodes = 1; nodes <= 64; ++nodes) EXPECT_LE(spread(placed(nodes), nodes), 1);
}

TEST(Placement, MovesExactly93ShardsToTheEleventhNode) {
  const Owners before = placed(10);

  const Owners after = rebalance(before, 11);

  EXPECT_EQ(moved(before, after), 93);
  EXPECT_EQ(counts_of(after, 11)[10], 93);
}

TEST(Placement, MovesToANodeThatJoinsItsShareAndNothingElse) {
  Owners owners = placed(1);
  for (NodeIndex nodes = 2; nodes <= 64; ++nodes) {
    const Owners after = rebalance(owners, nodes);

    EXPECT_EQ(moved(owners, after), kShards / nodes) << nodes;
    EXPECT_EQ(counts_of(after, nodes)[nodes - 1], kShards / nodes) << nodes;
    owners = after;
  }
}

TEST(Placement, MovesOfANodeThatLeavesItsShardsOnly) {
  for (NodeIndex nodes = 2; nodes <= 64; ++nodes) {
    const NodeIndex leaver = nodes / 2;
    const Owners before = without(placed(nodes), leaver);

    const Owners after = rebalance(before, nodes - 1);

    for (std::size_t shard = 0; shard < kShards; ++shard) {
      if (before[shard] != kNobody) {
        ASSERT_EQ(after[shard], before[shard]) << shard;
      }
    }
    EXPECT_LE(spread(after, nodes - 1), 1);
  }
}

TEST(Placement, StaysBalancedAndMovesTheLeastThroughTenThousandRandomJoinsAndLeaves) {
  auto random = seeded_random(1);
  NodeIndex nodes = 1;
  Owners owners = placed(nodes);
  for (int step = 0; step < 10'000; ++step) {
    const bool joins = nodes == 1 || (nodes < 64 && random() % 2 == 0);
    Owners before = owners;
    if (joins) {
      ++nodes;
    } else {
      before = without(owners, static_cast<NodeIndex>(random() % nodes));
      --nodes;
    }
    const auto unowned = static_cast<std::size_t>(std::ranges::count(before, kNobody));

    owners = rebalance(before, nodes);

    ASSERT_LE(spread(owners, nodes), 1) << "step " << step;
    ASSERT_EQ(moved(before, owners), joins ? kShards / nodes : unowned) << "step " << step;
  }
}

TEST(Placement, MovesNothingThatIsBalancedAlready) {
  const Owners owners = rebalance(placed(10), 11);

  EXPECT_EQ(rebalance(owners, 11), owners);
}

TEST(Placement, MendsWhatIsFarFromBalanceWithTheFewestMoves) {
  auto random = seeded_random(2);
  for (NodeIndex nodes = 1; nodes <= 64; ++nodes) {
    Owners before(kShards);
    for (NodeIndex& owner : before) {
      const auto taken = static_cast<NodeIndex>(random() % (nodes + 1));
      owner = taken == nodes ? kNobody : taken * taken % nodes;
    }

    const Owners after = rebalance(before, nodes);

    // What a node has above its share must move; what the counts say is the least there is.
    std::vector<std::size_t> had(nodes);
    for (const NodeIndex owner : before) {
      if (owner != kNobody) ++had[owner];
    }
    std::ranges::sort(had, std::ranges::greater());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      kept += std::min(had[i], kShards / nodes + (i < kShards % nodes ? 1 : 0));
    }
    EXPECT_EQ(moved(before, after), kShards - kept) << nodes;
    EXPECT_LE(spread(after, nodes), 1) << nodes;
  }
}

TEST(Placement, TakesShardsFromOwnersThatAreNotInTheList) {
  const Owners after = rebalance(Owners{7, 0, 7, 1}, 2);

  EXPECT_THAT(after, ::testing::ElementsAre(0, 0, 1, 1));
}

TEST(Placement, LeavesShardsToNobodyWithoutNodes) {
  EXPECT_THAT(rebalance(Owners{0, 1, kNobody}, 0), ::testing::Each(kNobody));
}

TEST(Placement, MakesDoWithMoreNodesThanShards) {
  EXPECT_THAT(rebalance(Owners{0, 0, 0}, 5), ::testing::ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace aether
