// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/member.hpp"
#include "aether/cluster/shard_table.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace aether::cluster {

/// A node that may still own shards: its lease has not run out, or its end is not certain yet.
struct PresentNode {
  ShardTable::Node node;
  bool takes_shards = true;                  ///< false: it leaves, or is to be drained
  std::vector<ReleasedShard> released = {};  ///< what it owns no more

  friend bool operator==(const PresentNode&, const PresentNode&) = default;
};

struct PlanLimits {
  std::size_t max_moving = 64;  ///< shards on their way at a time
};

/// The table that the leader should write next, of epoch `table.epoch + 1`; nothing where all is as
/// it should be. Depends on nothing but its arguments, so that any leader continues where the last
/// one was interrupted.
///
/// A shard changes its owner in three ways. One whose owner is not among `nodes` is given away at
/// once: to the same node, where that is back with another tenure; to the one that it was moving
/// to; or to whom `rebalance` chooses. One that its owner has released is given away likewise. And
/// one that another node should have begins to move, which changes nothing until it is released.
///
/// `nodes` has each node id once.
[[nodiscard]] std::optional<ShardTable> plan(const ShardTable& table,
                                             std::span<const PresentNode> nodes,
                                             std::uint64_t leader_epoch, PlanLimits limits = {});

}  // namespace aether::cluster
