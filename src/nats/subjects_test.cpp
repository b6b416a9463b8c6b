// SPDX-License-Identifier: Apache-2.0
#include "nats/subjects.hpp"

#include "testing/matchers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace aether::nats {
namespace {

using testing::FailsWith;
using testing::Succeeds;
using namespace std::string_literals;

TEST(SubjectsTest, WhatCanBePublishedToPasses) {
  for (const std::string good : {"a", "a.b-c._X.=QQ", "$JS.API.INFO", "a.*b.c>", "ünï.x"}) {
    EXPECT_THAT(check_subject("subject", good), Succeeds()) << good;
  }
}

TEST(SubjectsTest, WhatWouldBeACommandOrAWildcardIsRefused) {
  for (const std::string& bad :
       {""s, "."s, ".a"s, "a."s, "a..b"s, "a b"s, "a\tb"s, "a\r\nPUB x 0\r\n"s, "a\n"s, "a\0b"s,
        "a\x7f"s, "*"s, "a.*"s, "a.*.b"s, "a.>"s, std::string(kMaxSubjectBytes + 1, 'x')}) {
    EXPECT_THAT(check_subject("subject", bad), FailsWith(Errc::invalid_argument)) << bad;
  }
}

TEST(SubjectsTest, APatternMayHoldWildcardsInTheirPlaces) {
  for (const std::string good : {"*", ">", "a.*.b.>", "a"}) {
    EXPECT_THAT(check_pattern(good), Succeeds()) << good;
  }
  for (const std::string bad : {"", ">.a", "a.>.b", "a b", "a..b", "a\r\nSUB > 1"}) {
    EXPECT_THAT(check_pattern(bad), FailsWith(Errc::invalid_argument)) << bad;
  }
}

TEST(SubjectsTest, AnInboxPrefixIsPlain) {
  EXPECT_THAT(check_inbox_prefix("_INBOX_red.a-b"), Succeeds());
  for (const std::string& bad : {""s, "a.*"s, ">"s, "a b"s, "a\r\nb"s, "a."s, "$x"s, "ü"s,
                                 std::string(kMaxInboxPrefixBytes + 1, 'x')}) {
    EXPECT_THAT(check_inbox_prefix(bad), FailsWith(Errc::invalid_argument)) << bad;
  }
}

TEST(SubjectsTest, AHeaderStaysOnItsLine) {
  EXPECT_THAT(check_header("Nats-Msg-Id", "a: b"), Succeeds());
  EXPECT_THAT(check_header("A", ""), Succeeds());
  for (const std::string& bad : {""s, "a b"s, "a:"s, "a\r\n"s, "ü"s}) {
    EXPECT_THAT(check_header(bad, "x"), FailsWith(Errc::invalid_argument)) << bad;
  }
  for (const std::string& bad : {"a\r\nB: c"s, "a\n"s, "a\0"s}) {
    EXPECT_THAT(check_header("A", bad), FailsWith(Errc::invalid_argument)) << bad;
  }
}

}  // namespace
}  // namespace aether::nats
