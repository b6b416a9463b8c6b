// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shards.hpp"

#include "cluster/json_reader.hpp"
#include "core/siphash.hpp"
#include "core/text.hpp"

#include <sys/random.h>

#include <bit>

namespace aether {
namespace {

constexpr std::string_view kHash = "siphash-2-4";

bool is_count(std::uint64_t shards) { return std::has_single_bit(shards) && shards <= kMaxShards; }

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex_of(const SipKey& key) {
  std::string hex;
  for (const std::uint8_t byte : key) {
    hex += kDigits[byte / 16];
    hex += kDigits[byte % 16];
  }
  return hex;
}

int hex_digit(char c) {
  const std::size_t found = kDigits.find(c);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

bool read_key(cluster::JsonReader& reader, SipKey& key) {
  std::string_view hex;
  if (!reader.text(hex)) return false;
  if (hex.size() != 2 * key.size()) return reader.refuse("its key has not 32 hex digits");
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return reader.refuse("its key is not in hex digits (0-9, a-f)");
    key[i] = static_cast<std::uint8_t>(16 * high + low);
  }
  return true;
}

}  // namespace

ShardId ShardMap::shard_of(std::string_view actor_id) const {
  return static_cast<ShardId>(siphash_2_4(key, actor_id) & (shards - 1));
}

Result<ShardMap> make_shard_map(std::uint32_t shards) {
  if (!is_count(shards)) {
    return fail(
        Errc::invalid_argument,
        concat("there cannot be ", shards, " shards: give a power of two from 1 to ", kMaxShards));
  }
  ShardMap map{.shards = shards};
  if (getrandom(map.key.data(), map.key.size(), 0) != static_cast<ssize_t>(map.key.size())) {
    return fail(Errc::unavailable, "the kernel gives no random bytes (getrandom failed)");
  }
  return map;
}

std::string format_shard_map(const ShardMap& map) {
  return concat(R"({"v":1,"shards":)", map.shards, R"(,"hash":")", kHash, R"(","key":")",
                hex_of(map.key), R"("})");
}

Result<ShardMap> parse_shard_map(std::string_view text) {
  constexpr std::array<std::string_view, 4> kMembers = {"v", "shards", "hash", "key"};
  ShardMap map;
  cluster::JsonReader reader(text);
  const bool good = reader.object(kMembers, [&](std::size_t member) {
    std::uint64_t shards = 0;
    std::string_view hash;
    switch (member) {
      case 0:
        return reader.version_1();
      case 1:
        if (!reader.number(shards)) return false;
        map.shards = static_cast<std::uint32_t>(shards);
        return is_count(shards) || reader.refuse("its number of shards is no power of two to 2048");
      case 2:
        return reader.text(hash) && (hash == kHash || reader.refuse("its hash is not siphash-2-4"));
      default:
        return read_key(reader, map.key);
    }
  });
  if (!good || !reader.end()) return reader.error("cluster's configuration");
  return map;
}

}  // namespace aether
