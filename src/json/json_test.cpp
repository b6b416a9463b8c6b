// SPDX-License-Identifier: Apache-2.0
#include "aether/json/json.hpp"

#include "aether/store/memory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aether::json {
namespace {

struct Placed {
  double total = 0;
  std::string currency;
  std::vector<int> lines;
  friend bool operator==(const Placed&, const Placed&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Placed, total, currency, lines)

TEST(JsonTest, AStructSurvivesTheWayThereAndBack) {
  const Placed placed{.total = 99.99, .currency = "\xe2\x82\xac", .lines = {1, 2}};

  EXPECT_EQ(decode<Placed>(encode(placed).value()), placed);
}

TEST(JsonTest, AnEncodedStructIsDataThatAStoreTakes) {
  const auto store = make_memory_event_store();

  EXPECT_TRUE(store->append({.event_type = "OrderPlaced",
                             .actor_id = "order-1",
                             .data = encode(Placed{.currency = "a\"b\n", .lines = {}}).value()}));
}

TEST(JsonTest, ADynamicValueIsReadAndWritten) {
  const auto value = decode<nlohmann::json>(Data::json(R"({"a": [1, null, "x"]})")).value();

  EXPECT_EQ(value.at("a").size(), 3U);
  EXPECT_EQ(encode(value)->text(), R"({"a":[1,null,"x"]})");
}

TEST(JsonTest, WhatCannotBeReadIsAnErrorAndNoException) {
  const auto code = [](const Data& data) { return decode<Placed>(data).error().code; };

  EXPECT_EQ(code(Data::json(R"({"total": "much"})")), Errc::invalid_argument);
  EXPECT_EQ(code(Data::json(R"({"total": 1})")), Errc::invalid_argument) << "a field is missing";
  EXPECT_EQ(code(Data::json("{")), Errc::invalid_argument);
  EXPECT_EQ(code(Data()), Errc::invalid_argument);
  EXPECT_EQ(code(Data::bytes("{}", "application/protobuf")), Errc::invalid_argument);
}

TEST(JsonTest, AStringThatIsNotUtf8IsAnErrorAndNoException) {
  EXPECT_EQ(encode(std::string("\xff")).error().code, Errc::invalid_argument);
}

TEST(JsonTest, ASnapshotKeepsAStateAndIsIgnoredUnderAnotherSchema) {
  const auto store = make_memory_event_store();
  const auto snapshots = make_memory_snapshot_store();
  ASSERT_TRUE(store->append({.event_type = "Placed", .actor_id = "order-1"}));
  const auto first = snapshot_codec<Placed>("order/1");
  const Placed state{.total = 5, .currency = "EUR", .lines = {}};
  ASSERT_TRUE(save_snapshot(*snapshots, first, "order-1", state, 1));
  const auto evolve = [](Placed placed, const Event&) {
    placed.total += 1;
    return placed;
  };

  const auto same = replay(*store, *snapshots, first, "order-1", Placed{}, evolve);
  const auto other =
      replay(*store, *snapshots, snapshot_codec<Placed>("order/2"), "order-1", Placed{}, evolve);

  EXPECT_EQ(same->state, state);
  EXPECT_EQ(same->events, 0U);
  EXPECT_EQ(other->state.total, 1);
  EXPECT_EQ(other->events, 1U);
}

}  // namespace
}  // namespace aether::json
