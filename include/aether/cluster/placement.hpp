// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace aether {

/// A node's place in a list of nodes.
using NodeIndex = std::uint32_t;

/// The owner of a shard that nobody owns.
inline constexpr NodeIndex kNobody = std::numeric_limits<NodeIndex>::max();

/// Who should own each shard: shard `s` is owned by `owners[s]` now, and by the result's `[s]`
/// then, where there are the nodes 0 to `nodes - 1`. A node that has joined is one that owns
/// nothing yet; a shard whose owner has left belongs to `kNobody`, as does one of an owner that is
/// not below `nodes`.
///
/// All nodes get the same number of shards, or one more. Among all such placements it is one that
/// moves the fewest shards: where S shards were balanced on N nodes, one that joins gets exactly
/// floor(S / (N + 1)), and of one that leaves only its own move. The result depends on nothing but
/// the arguments; it takes time in O(S + N log N). Without nodes, nobody owns anything.
///
/// (A hash ring of 100 points a node puts up to 1.5 times the mean on one of 10 nodes, rendezvous
/// hashing 1.4 times; jump hashing moves more than half of all shards when any node leaves.)
[[nodiscard]] std::vector<NodeIndex> rebalance(std::span<const NodeIndex> owners, NodeIndex nodes);

}  // namespace aether
