// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shard_table.hpp"

#include "core/test_random.hpp"
#include "core/text.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace aether {
namespace {

using testing::FailsWith;

constexpr std::string_view kTenureA = "0190e3b4-7c5e-7cc1-8a3b-000000000001";
constexpr std::string_view kTenureB = "0190e3b4-7c5e-7cc1-8a3b-000000000002";

ShardTable::Node node(std::string_view id, std::string_view tenure) {
  return {.id = std::string(id), .tenure = std::string(tenure)};
}

/// Eight shards: 0 to 3 and 6 are a's, 4 and 5 are b's, 7 nobody's; 3 is on its way to b.
ShardTable small_table() {
  ShardTable table{.epoch = 7,
                   .leader_epoch = 12,
                   .nodes = {node("a", kTenureA), node("b", kTenureB)},
                   .shards = std::vector<ShardTable::Slot>(8)};
  for (const ShardId shard : {0U, 1U, 2U, 3U}) table.shards[shard] = {.owner = 0, .epoch = 3};
  for (const ShardId shard : {4U, 5U}) table.shards[shard] = {.owner = 1, .epoch = 7};
  table.shards[6] = {.owner = 0, .epoch = 7};
  table.shards[3].next = 1;
  return table;
}

std::string small_text() {
  return concat(R"({"v":1,"epoch":7,"leader_epoch":12,"owners":{"a/)", kTenureA,
                R"(":{"3":"0-3","7":"6"},"b/)", kTenureB, R"(":{"7":"4-5"}},"moving":{"3":)",
                R"({"from":"a/)", kTenureA, R"(","to":"b/)", kTenureB, R"("}}})");
}

TEST(ShardTable, IsWrittenAsJsonThatPeopleCanRead) {
  EXPECT_EQ(format_shard_table(small_table()), small_text());
}

TEST(ShardTable, IsReadBack) { EXPECT_EQ(parse_shard_table(small_text(), 8), small_table()); }

TEST(ShardTable, IsReadInAnyOrderWithAnySpace) {
  const std::string text =
      concat("{ \"moving\" : {\"3\":{\"to\":\"b/", kTenureB, "\",\"from\":\"a/", kTenureA,
             "\"}},\n\"owners\":{\"b/", kTenureB, "\":{\"7\":\"4-5\"},\t\"a/", kTenureA,
             "\":{\"7\":\"6\",\"3\":\"0,1,2-3\"}}, \"leader_epoch\":12, \"epoch\":7, \"v\":1}\n");

  EXPECT_EQ(parse_shard_table(text, 8), small_table());
}

TEST(ShardTable, WithoutNodesIsReadBack) {
  const ShardTable empty{.epoch = 1, .shards = std::vector<ShardTable::Slot>(8)};

  EXPECT_EQ(parse_shard_table(format_shard_table(empty).value(), 8), empty);
}

struct Spoilt {
  std::string_view part;   ///< of the good text
  std::string_view other;  ///< what stands there instead
  std::string_view why;    ///< what the message says
};

TEST(ShardTable, IsNotReadWhereAnythingIsWrong) {
  for (const Spoilt& spoilt : {
           Spoilt{"\"v\":1", "\"v\":2", "newer program"},
           Spoilt{"\"v\":1,", "", "a member is missing"},
           Spoilt{"\"v\":1", "\"v\":1,\"v\":1", "a member twice"},
           Spoilt{"\"v\":1", "\"v\":1,\"w\":1", "not known"},
           Spoilt{"\"epoch\":7", "\"epoch\":-7", "a whole number is expected"},
           Spoilt{"\"epoch\":7", "\"epoch\":7.0", "a whole number below"},
           Spoilt{"\"epoch\":7", "\"epoch\":18446744073709551616", "a whole number below"},
           Spoilt{"\"epoch\":7", "\"epoch\":6", "above the table's"},
           Spoilt{"\"epoch\":7", "\"epoch\":\"7\"", "a whole number is expected"},
           Spoilt{"0-3", "0-4", "a shard has two owners"},
           Spoilt{"0-3", "3-0", "shards are not as"},
           Spoilt{"0-3", "0-2,2", "shards are not as"},
           Spoilt{"0-3", "2,0", "shards are not as"},
           Spoilt{"0-3", "00-3", "shards are not as"},
           Spoilt{"0-3", "0-3,", "shards are not as"},
           Spoilt{"0-3", "", "shards are not as"},
           Spoilt{"0-3", "-3", "shards are not as"},
           Spoilt{"0-3", "0-18446744073709551615", "shards are not as"},
           Spoilt{"4-5", "4-5,8", "shards are not as"},
           Spoilt{"\"3\":\"0", "\"0\":\"0", "no number above 0"},
           Spoilt{"\"3\":\"0", "\"7\":\"0", "an epoch stands there twice"},
           Spoilt{"{\"a/", "{\"/", "<node id>/<tenure>"},
           Spoilt{"{\"a/", "{\"a.b/", "<node id>/<tenure>"},
           Spoilt{"{\"a/", "{\"a\\u0041/", "an escape"},
           Spoilt{"0001\":{", "000+\":{", "<node id>/<tenure>"},
           Spoilt{"\"3\":{\"from\"", "\"8\":{\"from\"", "what moves is no shard"},
           Spoilt{"\"3\":{\"from\"", "\"7\":{\"from\"", "has not got it"},
           Spoilt{"\"from\":\"a/", "\"from\":\"c/", "has not got it"},
           Spoilt{"\"to\":\"b/", "\"to\":\"c/", "not listed"},
           Spoilt{"\"moving\":{", "\"moving\":{\"2\":7,", "an object is expected"},
           Spoilt{"}}}", "}}", "expected"},
           Spoilt{"}}}", "}}}}", "follows"},
       }) {
    std::string text = small_text();
    text.replace(text.find(spoilt.part), spoilt.part.size(), spoilt.other);

    const auto table = parse_shard_table(text, 8);

    ASSERT_THAT(table, FailsWith(Errc::corrupt)) << text;
    EXPECT_THAT(table.error().message, ::testing::HasSubstr(std::string(spoilt.why))) << text;
  }
}

TEST(ShardTable, IsNotReadWhereItIsCutOff) {
  const std::string text = small_text();
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THAT(parse_shard_table(text.substr(0, size), 8), FailsWith(Errc::corrupt)) << size;
  }
}

TEST(ShardTable, WithAnOwnerOrAMoveTwiceIsNotRead) {
  const std::string owner = concat("\"a/", kTenureA, "\":{},");
  const std::string move =
      concat(R"("3":{"from":"a/)", kTenureA, R"(","to":"b/)", kTenureB, R"("},)");
  const auto with = [](std::string_view before, const std::string& what) {
    std::string text = small_text();
    return text.insert(text.find(before) + before.size(), what);
  };

  EXPECT_THAT(parse_shard_table(with("owners\":{", owner), 8), FailsWith(Errc::corrupt));
  EXPECT_THAT(parse_shard_table(with("moving\":{", move), 8), FailsWith(Errc::corrupt));
}

TEST(ShardTable, AboveALimitIsNeitherReadNorWritten) {
  const std::string padded = small_text() + std::string(kMaxTableBytes, ' ');
  EXPECT_THAT(parse_shard_table(padded, 8), FailsWith(Errc::corrupt));

  ShardTable crowded{.epoch = 1, .shards = std::vector<ShardTable::Slot>(8)};
  for (std::size_t i = 0; i <= kMaxTableNodes; ++i) {
    crowded.nodes.push_back(node(concat(1'000 + i), kTenureA));
  }
  EXPECT_THAT(format_shard_table(crowded), FailsWith(Errc::too_large));
  crowded.nodes.pop_back();
  EXPECT_EQ(parse_shard_table(format_shard_table(crowded).value(), 8), crowded);
}

ShardTable random_table(std::mt19937_64& random, std::uint32_t shards) {
  ShardTable table{.epoch = 1 + random() % 1'000'000, .leader_epoch = random()};
  const auto nodes = static_cast<NodeIndex>(1 + random() % 64);
  for (NodeIndex i = 0; i < nodes; ++i) table.nodes.push_back(node(concat("n", 100 + i), kTenureA));
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    ShardTable::Slot slot;
    if (random() % 10 != 0) {
      slot.owner = static_cast<NodeIndex>(random() % nodes);
      slot.epoch = 1 + random() % table.epoch;
      const auto next = static_cast<NodeIndex>(random() % nodes);
      if (random() % 20 == 0 && next != slot.owner) slot.next = next;
    }
    table.shards.push_back(slot);
  }
  return table;
}

TEST(ShardTable, IsReadBackHoweverItCameAbout) {
  auto random = seeded_random(5);
  for (int i = 0; i < 200; ++i) {
    const ShardTable table = random_table(random, 1024);

    const auto text = format_shard_table(table);

    ASSERT_TRUE(text) << text.error().message;
    ASSERT_EQ(parse_shard_table(*text, 1024), table);
  }
}

TEST(ShardTable, OfTwelveNodesFitsInto16KiB) {
  ShardTable table{.epoch = 100'000, .leader_epoch = 100'000};
  for (NodeIndex i = 0; i < 12; ++i) table.nodes.push_back(node(concat("node-", 10 + i), kTenureA));
  for (std::uint64_t shard = 0; shard < 1024;
       ++shard) {  // each shard was moved alone, 16 at a time
    table.shards.push_back(
        {.owner = static_cast<NodeIndex>(shard * 7 % 12), .epoch = 99'000 + shard / 16});
  }

  EXPECT_LE(format_shard_table(table).value().size(), 16U * 1024);
}

TEST(ShardTable, WhoseTextIsSpoiltAnywhereIsReadAsSomethingSoundOrNotAtAll) {
  auto random = seeded_random(6);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = small_text();
    text[random() % text.size()] = static_cast<char>(random());

    const auto table = parse_shard_table(text, 8);

    if (table) {
      ASSERT_EQ(parse_shard_table(format_shard_table(*table).value(), 8), *table) << text;
    }
  }
}

}  // namespace
}  // namespace aether
