// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/placement.hpp"
#include "aether/cluster/shards.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether {

/// Which node owns which shard. Written by the leader under the registry's key `table`, and read by
/// all.
struct ShardTable {
  /// A process that is, or was, a member of the cluster: a restarted one has another tenure.
  struct Node {
    std::string id;      ///< 1 to 64 of `[A-Za-z0-9_-]`
    std::string tenure;  ///< of its lease: 1 to 64 of the same

    friend auto operator<=>(const Node&, const Node&) = default;
  };

  struct Slot {
    NodeIndex owner = kNobody;  ///< in `nodes`
    /// Of a planned move: who gets it when `owner` has released it; `kNobody` where none is
    /// planned.
    NodeIndex next = kNobody;
    std::uint64_t epoch = 0;  ///< the table's, when the shard was given to `owner`; 0: nobody's

    friend bool operator==(const Slot&, const Slot&) = default;
  };

  std::uint64_t epoch = 0;         ///< counts the table's versions
  std::uint64_t leader_epoch = 0;  ///< of the leader that wrote it
  std::vector<Node> nodes{};       ///< sorted; also those which own nothing yet
  std::vector<Slot> shards{};      ///< as many as the `ShardMap` says

  /// Where `node` stands in `nodes`; `kNobody` if it does not.
  [[nodiscard]] NodeIndex find(const Node& node) const;

  friend bool operator==(const ShardTable&, const ShardTable&) = default;
};

inline constexpr std::size_t kMaxTableBytes = 64UL * 1024;  // what a registry keeps under one key
inline constexpr std::size_t kMaxTableNodes = 256;

/// JSON that people can read:
///
///     {"v":1,"epoch":7,"leader_epoch":12,
///      "owners":{"node-a/<tenure>":{"3":"0-511","7":"514,600-602"},"node-b/<tenure>":{}},
///      "moving":{"511":{"from":"node-a/<tenure>","to":"node-b/<tenure>"}}}
///
/// Each owner's shards stand by the epoch at which it got them. The order is one and the same.
/// The table must be sound; one of more than `kMaxTableBytes` is nobody's to write (`too_large`).
[[nodiscard]] Result<std::string> format_shard_table(const ShardTable& table);

/// Reads a table of `shards` shards that nobody vouches for. It is `corrupt` where it is not as
/// `format_shard_table` writes it (but for white space and the members' order), is longer than
/// `kMaxTableBytes`, names a shard twice or one that there is not, gives a shard at an epoch that
/// the table has not reached, or moves one from a node that has not got it, or to one that is not
/// among the owners.
[[nodiscard]] Result<ShardTable> parse_shard_table(std::string_view text, std::uint32_t shards);

}  // namespace aether
