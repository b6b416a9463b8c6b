// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shards.hpp"

#include "aether/cluster/placement.hpp"
#include "core/test_random.hpp"
#include "core/text.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace aether {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

constexpr int kIds = 100'000;

ShardMap fixed_map() {
  ShardMap map;
  for (std::size_t i = 0; i < map.key.size(); ++i) map.key[i] = static_cast<std::uint8_t>(i);
  return map;
}

/// How many of `kIds` actors fall on each shard.
std::vector<double> counts_of(const std::function<std::string(int)>& id) {
  const ShardMap map = fixed_map();
  std::vector<double> counts(map.shards);
  for (int i = 0; i < kIds; ++i) ++counts.at(map.shard_of(id(i)));
  return counts;
}

double chi_square(const std::vector<double>& counts) {
  const double mean = double{kIds} / static_cast<double>(counts.size());
  double sum = 0;
  for (const double count : counts) sum += (count - mean) * (count - mean) / mean;
  return sum;
}

std::string random_id(std::mt19937_64& random) { return concat("order-", random()); }

TEST(ShardMap, GivesAnActorTheSameShardForGood) {
  // OpenSSL's SIPHASH says so, too. A release that gives other shards would take each actor from
  // its owner.
  EXPECT_EQ(fixed_map().shard_of("order-123"), 0xeafb'00ae'9c54'5950U % 1024);
}

TEST(ShardMap, SpreadsRandomIdsOverTenNodesEvenly) {
  auto random = seeded_random(3);
  const auto counts = counts_of([&](int) { return random_id(random); });
  const auto owners = rebalance(std::vector<NodeIndex>(counts.size(), kNobody), 10);
  std::vector<double> nodes(10);
  for (std::size_t shard = 0; shard < counts.size(); ++shard) nodes[owners[shard]] += counts[shard];

  EXPECT_LE(std::ranges::max(nodes), 1.04 * kIds / 10);
}

TEST(ShardMap, SpreadsWhateverIdsLookLike) {
  // 1,023 degrees of freedom: below 1,168 with p = 0.999, above 887 with p = 0.001.
  auto random = seeded_random(4);
  const std::vector<std::function<std::string(int)>> kinds = {
      [](int i) { return concat("order-", i); },
      [](int i) { return concat(i, "@customers.example.org"); },
      [](int i) { return std::string(static_cast<std::size_t>(i % 250), 'x') + concat(i / 250); },
      [&](int) { return random_id(random); }};
  for (const auto& id : kinds) {
    const double sum = chi_square(counts_of(id));
    EXPECT_LT(sum, 1'168) << id(1);
    EXPECT_GT(sum, 887) << id(1);
  }
}

TEST(ShardMap, HasAnotherKeyEachTime) {
  const auto first = make_shard_map();
  const auto second = make_shard_map();

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->shards, 1024);
  EXPECT_NE(first->key, second->key);
}

TEST(ShardMap, HasAPowerOfTwoShards) {
  for (const std::uint32_t shards : {0U, 3U, 1000U, 1023U, 1025U, 4096U}) {
    EXPECT_THAT(make_shard_map(shards), FailsWith(Errc::invalid_argument)) << shards;
  }
  for (const std::uint32_t shards : {1U, 2U, 1024U, 2048U}) {
    const auto map = make_shard_map(shards);
    ASSERT_TRUE(map) << shards;
    EXPECT_LT(map->shard_of("order-123"), shards);
  }
}

TEST(ShardMap, IsWrittenAsJsonAndReadBack) {
  const std::string text = format_shard_map(fixed_map());

  EXPECT_EQ(text, R"({"v":1,"shards":1024,"hash":"siphash-2-4",)"
                  R"("key":"000102030405060708090a0b0c0d0e0f"})");
  EXPECT_EQ(parse_shard_map(text), fixed_map());
}

TEST(ShardMap, IsNotReadFromAnythingElse) {
  const std::string good = format_shard_map(fixed_map());
  const auto with = [&](std::string_view part, std::string_view other) {
    std::string text = good;
    return text.replace(text.find(part), part.size(), other);
  };
  for (const std::string& bad :
       {std::string(), good + "x", good.substr(1), good.substr(0, good.size() - 1),
        with("\"v\":1", "\"v\":2"), with("1024", "1000"), with("1024", "0"), with("1024", "-1"),
        with("1024", "4294968320"), with("1024", "1e3"), with("siphash-2-4", "siphash-1-3"),
        with("0e0f", "0e0"), with("0e0f", "0E0F"), with("0e0f", "0e0g"), with("\"v\":1,", ""),
        with("\"v\":1", "\"v\":1,\"v\":1"), with("\"v\":1", "\"v\":1,\"w\":1"),
        with("shards", "shard\\u0073")}) {
    EXPECT_THAT(parse_shard_map(bad), FailsWith(Errc::corrupt)) << bad;
  }
  EXPECT_THAT(parse_shard_map(with("1024", "1000")).error().message, HasSubstr("power of two"));
}

}  // namespace
}  // namespace aether
