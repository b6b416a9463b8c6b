// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether::cli {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

template <class V>
V parsed(const std::vector<const char*>& args) {
  const auto arguments = parse_arguments(args);
  EXPECT_TRUE(arguments.has_value()) << arguments.error().error.message;
  const V* const verb = arguments ? std::get_if<V>(&arguments->verb) : nullptr;
  EXPECT_NE(verb, nullptr);
  return verb == nullptr ? V{} : *verb;
}

TEST(ParseArguments, GlobalOptionsMayStandOnEitherSideOfTheVerb) {
  for (const std::vector<const char*>& args :
       {std::vector<const char*>{"--store", "memory:", "--json", "--no-color", "tail"},
        std::vector<const char*>{"tail", "--store=memory:", "--json", "--no-color"}}) {
    const auto arguments = parse_arguments(args);
    ASSERT_TRUE(arguments.has_value());
    EXPECT_EQ(arguments->store_url, "memory:");
    EXPECT_TRUE(arguments->console.json);
    EXPECT_TRUE(arguments->console.no_color);
  }
}

TEST(ParseArguments, DataIsTakenAsItIs) {
  EXPECT_EQ(parsed<Append>({"append", "a", "T"}).data, "null");
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "[1,[2]]"}).data, "[1,[2]]");
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "-5"}).data, "-5");
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "-"}).data, "-");
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "{}", "--json"}).data, "{}");
  EXPECT_EQ(parsed<Append>({"append", "--", "-a", "--T", "{}"}).actor_id, "-a");
}

TEST(ParseArguments, ARepeatedOptionTakesOneValueEachTime) {
  const auto append =
      parsed<Append>({"append", "--meta", "a=[1,2]", "--meta", "[b]=2", "order-1", "T"});
  EXPECT_THAT(append.metadata, ElementsAre("a=[1,2]", "[b]=2"));
  EXPECT_EQ(append.actor_id, "order-1");
  EXPECT_THAT(parsed<Tail>({"tail", "--type", "A", "--type", "B"}).filter.event_types,
              ElementsAre("A", "B"));
}

TEST(ParseArguments, NumbersMustBeWholeAndInRange) {
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "--expect", "0"}).expect, 0U);
  EXPECT_EQ(parsed<Read>({"read", "a", "--from", "18446744073709551615"}).from,
            18446744073709551615U);
  for (const char* bad : {"", "-1", "+1", "1.5", "0x10", "1e3", " 1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_arguments(std::vector<const char*>{"tail", "--after", bad}).has_value())
        << bad;
  }
}

TEST(ParseArguments, TheVersionOfAnEventIsNotTheProgramsVersion) {
  EXPECT_EQ(parsed<Append>({"append", "a", "T", "--version", "3"}).version, 3U);
  parsed<ShowVersion>({"--version"});
  parsed<ShowVersion>({"version"});
}

TEST(ParseArguments, AnEmptyActorIsGivenOnToTheStoreToRefuse) {
  EXPECT_EQ(parsed<Append>({"append", "", "T"}).event_type, "T");
}

TEST(ParseDuration, TakesNumbersWithUnits) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  EXPECT_EQ(parse_duration("1440m"), milliseconds(86'400'000));
}

TEST(ParseDuration, RefusesAllElse) {
  for (const char* bad : {"", "5", "s", "-1s", "5 s", "1.5s", "5h", "1441m",
                          "99999999999999999999ms", "18446744073709551615m"}) {
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace aether::cli
