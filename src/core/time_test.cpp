// SPDX-License-Identifier: Apache-2.0
#include "aether/core/time.hpp"

#include "core/test_random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace aether {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::int64_t nanos) { return Timestamp(std::chrono::nanoseconds(nanos)); }

TEST(FormatTimestamp, AlwaysHasNineFractionDigits) {
  EXPECT_EQ(format_timestamp(at(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(format_timestamp(at(1'787'220'672'123'456'789)), "2026-08-20T10:11:12.123456789Z");
  EXPECT_EQ(format_timestamp(at(-1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(FormatTimestamp, ReachesToBothEnds) {
  EXPECT_EQ(format_timestamp(Timestamp::min()), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(format_timestamp(Timestamp::max()), "2262-04-11T23:47:16.854775807Z");
}

TEST(ParseTimestamp, TakesUpToNineFractionDigits) {
  const Timestamp whole = at(1'787'220'672'000'000'000);
  EXPECT_EQ(parse_timestamp("2026-08-20T10:11:12Z"), whole);
  EXPECT_EQ(parse_timestamp("2026-08-20T10:11:12.1Z"), whole + 100ms);
  EXPECT_EQ(parse_timestamp("2026-08-20T10:11:12.123Z"), whole + 123ms);
  EXPECT_EQ(parse_timestamp("2026-08-20T10:11:12.000000001Z"), whole + 1ns);
  EXPECT_EQ(parse_timestamp("2026-08-20t10:11:12z"), whole);
}

// RFC 3339, section 5.8.
TEST(ParseTimestamp, TakesTheExamplesOfRfc3339) {
  EXPECT_EQ(parse_timestamp("1985-04-12T23:20:50.52Z"), at(482'196'050'520'000'000));
  EXPECT_EQ(parse_timestamp("1996-12-19T16:39:57-08:00"), parse_timestamp("1996-12-20T00:39:57Z"));
  EXPECT_EQ(parse_timestamp("1937-01-01T12:00:27.87+00:20"),
            parse_timestamp("1937-01-01T11:40:27.87Z"));
  EXPECT_FALSE(parse_timestamp("1990-12-31T23:59:60Z"));  // a leap second
}

TEST(ParseTimestamp, TakesAnyOffset) {
  EXPECT_EQ(parse_timestamp("2026-01-01T00:30:00+01:00"), parse_timestamp("2025-12-31T23:30:00Z"));
  EXPECT_EQ(parse_timestamp("2026-01-01T00:30:00-23:59"), parse_timestamp("2026-01-02T00:29:00Z"));
  EXPECT_EQ(parse_timestamp("2026-01-01T00:30:00-00:00"), parse_timestamp("2026-01-01T00:30:00Z"));
}

TEST(ParseTimestamp, KnowsLeapYears) {
  EXPECT_TRUE(parse_timestamp("2024-02-29T00:00:00Z"));
  EXPECT_TRUE(parse_timestamp("2000-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_timestamp("2023-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_timestamp("1900-02-29T00:00:00Z"));
}

TEST(ParseTimestamp, RefusesWhatTimestampCannotHold) {
  EXPECT_EQ(parse_timestamp("2262-04-11T23:47:16.854775807Z"), Timestamp::max());
  EXPECT_EQ(parse_timestamp("1677-09-21T00:12:43.145224192Z"), Timestamp::min());
  for (const std::string_view text :
       {"2262-04-11T23:47:16.854775808Z", "2262-04-11T23:47:17Z", "1677-09-21T00:12:43.145224191Z",
        "1677-09-21T00:12:43Z", "1677-09-21T00:12:42.999999999Z", "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z", "2262-04-11T23:47:16.9-00:01"}) {
    const Result<Timestamp> parsed = parse_timestamp(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    EXPECT_THAT(parsed.error().message, ::testing::HasSubstr("out of range"));
  }
}

TEST(ParseTimestamp, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-08-20",
                                      "2026-08-20T10:11Z",
                                      "2026-08-20T10:11:12",
                                      "2026-08-20T10:11:12.",
                                      "2026-08-20T10:11:12.Z",
                                      "2026-08-20T10:11:12,5Z",
                                      "2026-08-20T10:11:12.1234567890Z",
                                      "2026-08-20 10:11:12Z",
                                      "2026-08-20T10:11:12 Z",
                                      " 2026-08-20T10:11:12Z",
                                      "2026-08-20T10:11:12Z ",
                                      "2026-08-20T10:11:12ZZ",
                                      "2026-00-20T10:11:12Z",
                                      "2026-13-20T10:11:12Z",
                                      "2026-08-00T10:11:12Z",
                                      "2026-04-31T10:11:12Z",
                                      "2026-08-20T24:00:00Z",
                                      "2026-08-20T10:60:12Z",
                                      "2026-08-20T10:11:60Z",
                                      "2026-08-20T10:11:12+1:00",
                                      "2026-08-20T10:11:12+0100",
                                      "2026-08-20T10:11:12+24:00",
                                      "2026-08-20T10:11:12+01:60",
                                      "2026-08-20T10:11:12+01",
                                      "2026-08-20T10:11:12+-1:00",
                                      "-026-08-20T10:11:12Z",
                                      "+026-08-20T10:11:12Z",
                                      "02026-08-20T10:11:12Z",
                                      "2026/08/20T10:11:12Z",
                                      "2026-08-20T10-11-12Z",
                                      "2026-8-20T10:11:12Z",
                                      "2026-08-20T10:11:1xZ",
                                      "2026-08-20T10:11:12.5"}) {
    const Result<Timestamp> parsed = parse_timestamp(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
}

TEST(Timestamp, IsReadBackAsItWasWrittenAndItsTextSortsAsTimeDoes) {
  std::mt19937_64 random = seeded_random(4);
  std::vector<Timestamp> times = {Timestamp::min(), at(-1), at(0), at(1), Timestamp::max()};
  for (int i = 0; i < 10'000; ++i) times.push_back(at(static_cast<std::int64_t>(random())));
  std::ranges::sort(times);
  std::vector<std::string> texts;
  for (const Timestamp time : times) {
    texts.push_back(format_timestamp(time));
    EXPECT_EQ(texts.back().size(), 30U);
    EXPECT_EQ(parse_timestamp(texts.back()), time);
  }
  EXPECT_TRUE(std::ranges::is_sorted(texts));
}

TEST(SystemClock, TellsTheTimeOfNow) {
  const Timestamp before = std::chrono::system_clock::now();
  const Timestamp now = system_clock().now();
  const Timestamp after = std::chrono::system_clock::now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

}  // namespace
}  // namespace aether
