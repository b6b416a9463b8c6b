// SPDX-License-Identifier: Apache-2.0
#include "cluster/shard_ranges.hpp"

#include "core/text.hpp"

#include <algorithm>

namespace aether::cluster {

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [read, code] = std::from_chars(text.data(), end, value);
  const bool has_zeros = text.size() > 1 && text.front() == '0';
  if (code != std::errc() || read != end || has_zeros) return std::nullopt;
  return value;
}

std::string format_shard_ranges(std::span<const ShardId> shards) {
  std::string out;
  for (std::size_t first = 0; first < shards.size();) {
    std::size_t last = first;
    while (last + 1 < shards.size() && shards[last + 1] == shards[last] + 1) ++last;
    if (first != 0) out += ',';
    out += concat(shards[first]);
    if (last != first) out += concat("-", shards[last]);
    first = last + 1;
  }
  return out;
}

std::optional<std::vector<ShardId>> parse_shard_ranges(std::string_view text, std::size_t count) {
  std::vector<ShardId> shards;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view range = text.substr(0, comma);
    const std::size_t dash = range.find('-');
    const auto first = parse_decimal(range.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_decimal(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= count) return std::nullopt;
    if (!shards.empty() && *first <= shards.back()) return std::nullopt;
    for (std::uint64_t shard = *first; shard <= *last; ++shard) {
      shards.push_back(static_cast<ShardId>(shard));
    }
    if (comma == std::string_view::npos) return shards;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace aether::cluster
