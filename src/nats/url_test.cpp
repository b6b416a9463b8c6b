// SPDX-License-Identifier: Apache-2.0
#include "nats/url.hpp"

#include "aether/nats/options.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::nats {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Succeeds;

TEST(UrlTest, GivesHostPortAndLogin) {
  const auto options = parse_url("nats://red:secret@example.org:4333");

  ASSERT_THAT(options, Succeeds());
  EXPECT_THAT(options->urls, ElementsAre("nats://example.org:4333"));
  EXPECT_EQ(options->user, "red");
  EXPECT_EQ(options->password, "secret");
  EXPECT_EQ(options->token, "");
}

TEST(UrlTest, WhatIsLeftOutHasItsDefault) {
  const auto options = parse_url("localhost, tls://[::1], nats://a_b.c-d:1/");

  ASSERT_THAT(options, Succeeds());
  EXPECT_THAT(options->urls,
              ElementsAre("nats://localhost:4222", "tls://[::1]:4222", "nats://a_b.c-d:1"));
}

TEST(UrlTest, ALoginWithoutAColonIsAToken) {
  const auto options = parse_url("nats://s3cret@localhost");

  ASSERT_THAT(options, Succeeds());
  EXPECT_EQ(options->token, "s3cret");
  EXPECT_EQ(options->user, "");
}

TEST(UrlTest, LoginsArePercentDecodedAndMayHoldAnAt) {
  const auto options = parse_url("nats://re%64:p%40s:s@%2F@localhost");

  ASSERT_THAT(options, Succeeds());
  EXPECT_EQ(options->user, "red");
  EXPECT_EQ(options->password, "p@s:s@/");
}

TEST(UrlTest, OneLoginServesAllServersAndAnotherIsRefused) {
  const auto same = parse_url("nats://red:one@a,nats://b,nats://red:one@c");

  ASSERT_THAT(same, Succeeds());
  EXPECT_THAT(same->urls, ElementsAre("nats://a:4222", "nats://b:4222", "nats://c:4222"));
  EXPECT_THAT(parse_url("nats://red:one@a,nats://red:two@b"), FailsWith(Errc::invalid_argument));
}

TEST(UrlTest, WhatIsNoUrlIsRefusedAndNoMessageTellsThePassword) {
  for (const std::string bad : {"",
                                "nats://",
                                "nats://:4222",
                                "nats://h:0",
                                "nats://h:65536",
                                "nats://h:",
                                "nats://h:4x",
                                "nats://h/path",
                                "nats://a b",
                                "nats://a\r\nPUB x 0",
                                "http://h",
                                "nats://[::1",
                                "nats://[::1]4222",
                                "nats://[a\n]",
                                "nats://u:hidden@",
                                "nats://u:hidden@h:x",
                                "nats://u:%hidden@h",
                                "nats://:hidden@h",
                                "nats://hidden%2@h",
                                "nats://@h",
                                "a,,b",
                                "nats://a,u:hidden@b,v:hidden@c"}) {
    SCOPED_TRACE(bad);
    const auto options = parse_url(bad);

    ASSERT_THAT(options, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(options.error().message, Not(HasSubstr("hidden")));
    EXPECT_THAT(options.error().message, Not(HasSubstr("\n")));
  }
}

TEST(UrlTest, WebsocketsAreUnsupported) {
  EXPECT_THAT(parse_url("wss://u:hidden@h"), FailsWith(Errc::unsupported));
}

}  // namespace
}  // namespace aether::nats
