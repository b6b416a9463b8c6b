// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/shards.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aether::cluster {

/// Digits only, without leading zeros, below 2^64.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// Ascending shards as "0-92,105".
[[nodiscard]] std::string format_shard_ranges(std::span<const ShardId> shards);

/// Reads that; nothing where it is empty, not ascending, or names a shard that is not below
/// `count`.
[[nodiscard]] std::optional<std::vector<ShardId>> parse_shard_ranges(std::string_view text,
                                                                     std::size_t count);

}  // namespace aether::cluster
