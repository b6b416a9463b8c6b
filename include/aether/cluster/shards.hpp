// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace aether {

/// The number of a shard, one of a fixed number of groups of actors: 0 to `ShardMap::shards - 1`.
using ShardId = std::uint32_t;

inline constexpr std::uint32_t kDefaultShards = 1024;

/// The shard table of more shards would not always fit into a record.
inline constexpr std::uint32_t kMaxShards = 2048;

/// Where a registry keeps the map.
inline constexpr std::string_view kShardMapKey = "config";

/// Which shard each actor belongs to: the same on all nodes, and for good, since the first node
/// made it.
struct ShardMap {
  std::uint32_t shards = kDefaultShards;  ///< a power of two, at most `kMaxShards`
  /// Of the hash. Actor ids come from anybody, who must not be able to choose them so that they
  /// fall on one shard: so the key is random.
  std::array<std::uint8_t, 16> key{};

  /// SipHash-2-4 of the id, modulo `shards`.
  [[nodiscard]] ShardId shard_of(std::string_view actor_id) const;

  friend bool operator==(const ShardMap&, const ShardMap&) = default;
};

/// A map with a new random key. `invalid_argument` where `shards` is no power of two from 1 to
/// `kMaxShards`.
[[nodiscard]] Result<ShardMap> make_shard_map(std::uint32_t shards = kDefaultShards);

/// `{"v":1,"shards":1024,"hash":"siphash-2-4","key":"<32 hex digits>"}`
[[nodiscard]] std::string format_shard_map(const ShardMap& map);

/// Exactly what `format_shard_map` writes, but for the order of the members and white space;
/// `corrupt` says what is wrong with anything else.
[[nodiscard]] Result<ShardMap> parse_shard_map(std::string_view text);

}  // namespace aether
