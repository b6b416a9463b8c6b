// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/options.hpp"
#include "nats/nats_server.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace aether::nats {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Succeeds;

class ContextTest : public ::testing::Test {
 protected:
  ContextTest() { std::filesystem::create_directories(folder_.file("nats/context")); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.file("nats/" + name)) << text;
  }
  void write_context(const std::string& name, const std::string& text) const {
    write("context/" + name + ".json", text);
  }

  tests::TemporaryFolder folder_;
  tests::Environment configuration_{"XDG_CONFIG_HOME", folder_.path()};
  tests::Environment home_{"HOME", "/home/somebody"};
};

TEST_F(ContextTest, GivesWhatTheToolsWrote) {
  write_context("prod", R"({"description": "x", "url": "nats://a:4223,tls://b", "socks_proxy": "",
    "token": "", "user": "red", "password": "s\"e", "creds": "", "nkey": "", "cert": "~/c.pem",
    "key": "/k.pem", "ca": "", "nsc": "", "jetstream_domain": "", "inbox_prefix": "_IN_red",
    "user_jwt": "", "color_scheme": "", "tls_first": false})");

  const auto options = load_context("prod");

  ASSERT_THAT(options, Succeeds());
  EXPECT_THAT(options->urls, ElementsAre("nats://a:4223", "tls://b:4222"));
  EXPECT_EQ(options->user, "red");
  EXPECT_EQ(options->password, "s\"e");
  EXPECT_EQ(options->inbox_prefix, "_IN_red");
  EXPECT_EQ(options->tls, (TlsOptions{.cert_file = "/home/somebody/c.pem", .key_file = "/k.pem"}));
}

TEST_F(ContextTest, CredentialsAndSeedsAreFiles) {
  write_context("a", R"({"creds": "~/a.creds"})");
  write_context("b", R"({"nkey": "/b.nk"})");

  EXPECT_EQ(load_context("a")->credentials_file, "/home/somebody/a.creds");
  EXPECT_EQ(load_context("b")->nkey_seed_file, "/b.nk");
}

TEST_F(ContextTest, WithoutANameItIsTheSelectedOne) {
  EXPECT_THAT(load_context(), FailsWith(Errc::not_found));
  write("context.txt", "dev\n");
  write_context("dev", R"({"url": "nats://dev"})");

  const auto options = load_context();

  ASSERT_THAT(options, Succeeds());
  EXPECT_THAT(options->urls, ElementsAre("nats://dev:4222"));
}

TEST_F(ContextTest, LiesBelowHomeWhereNoFolderIsNamed) {
  const tests::TemporaryFolder home;
  const tests::Environment nowhere("XDG_CONFIG_HOME", "");
  const tests::Environment here("HOME", home.path());
  std::filesystem::create_directories(home.file(".config/nats/context"));
  std::ofstream(home.file(".config/nats/context/x.json")) << R"({"url": "nats://x"})";

  EXPECT_THAT(load_context("x"), Succeeds());
}

TEST_F(ContextTest, ASettingThatWouldHaveToBeIgnoredIsUnsupported) {
  for (const std::string setting :
       {R"("nsc": "nsc://O/A/U")", R"("user_jwt": "x")", R"("jetstream_domain": "hub")",
        R"("socks_proxy": "socks5://p")", R"("tls_first": true)"}) {
    write_context("x", "{" + setting + "}");

    EXPECT_THAT(load_context("x"), FailsWith(Errc::unsupported)) << setting;
  }
}

TEST_F(ContextTest, WhatIsNotThereOrNoContextIsRefused) {
  write_context("array", "[]");
  write_context("cut", R"({"url": )");
  write_context("number", R"({"user": 5})");
  write_context("url", R"({"url": "nats://u:hidden@h:x"})");

  EXPECT_THAT(load_context("none"), FailsWith(Errc::not_found));
  EXPECT_THAT(load_context("../context/array"), FailsWith(Errc::invalid_argument));
  for (const std::string name : {"array", "cut", "number", "url"}) {
    const auto options = load_context(name);
    ASSERT_THAT(options, FailsWith(Errc::invalid_argument)) << name;
    EXPECT_THAT(options.error().message, Not(HasSubstr("hidden")));
  }
}

}  // namespace
}  // namespace aether::nats
