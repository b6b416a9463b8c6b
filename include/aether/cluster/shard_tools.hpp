// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/cluster/shard_table.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aether {

// For tools, which are no nodes: what a cluster's registry says of its shards. These wait for the
// registry's answers, so they are not for its callbacks.

/// How a cluster's shards stand.
struct ClusterShards {
  ShardMap map;
  ShardTable table;

  /// The id of the node that owns the shard; empty: nobody does.
  [[nodiscard]] std::string owner_of(ShardId shard) const;
  /// Where it moves to; empty: it does not.
  [[nodiscard]] std::string next_of(ShardId shard) const;
};

/// Reads them as they stand now, whoever wrote them.
///
/// Errors: `not_found` where no node has been yet, `corrupt` where what is there cannot be read,
/// and what the registry says.
[[nodiscard]] Result<ClusterShards> read_shards(Registry& registry,
                                                std::chrono::milliseconds timeout);

/// Has the leader move all shards away from a node, until that is taken back (`drain` false). The
/// node need not be there. False: so it was already.
///
/// Errors: `invalid_argument` for what is no node's id, `not_found` for an id that no node has had,
/// and what the registry says; after `outcome_unknown` it may be repeated.
[[nodiscard]] Result<bool> drain_node(Registry& registry, std::string_view id, bool drain,
                                      std::chrono::milliseconds timeout);

/// Shards in ascending order as text: "0-92,105".
[[nodiscard]] std::string shard_ranges(const ShardTable& table, NodeIndex owner);

}  // namespace aether
