// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/connection.hpp"

#include "nats/nats_server.hpp"
#include "nats/operator.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace aether::nats {
namespace {

using ::testing::AllOf;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::Succeeds;
using tests::NatsServer;
using tests::ServerVersion;

class ConnectionTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  static tests::ServerOptions server_options(const std::string& config = "") {
    return {.version = GetParam(), .jetstream = false, .config = config};
  }
  static ConnectOptions to(const NatsServer& server) { return {.urls = {server.url()}}; }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.file(name)) << text;
    return folder_.file(name);
  }

  tests::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Versions, ConnectionTest, tests::kVersions, tests::version_name);

TEST_P(ConnectionTest, KnowsItsServer) {
  const NatsServer server(server_options("max_payload: 70000"));

  const auto connection = connect(to(server));

  ASSERT_THAT(connection, Succeeds());
  EXPECT_EQ((*connection)->status(), ConnectionStatus::connected);
  EXPECT_EQ((*connection)->max_payload(), 70'000);
  const auto info = (*connection)->server();
  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->name, "n1");
  EXPECT_EQ(info->url, server.url());
  EXPECT_THAT(info->version, StartsWith(GetParam() == ServerVersion::v2_9 ? "2.9." : "2."));
}

TEST_P(ConnectionTest, AWrongPasswordIsPermissionDeniedAndIsNotTold) {
  const NatsServer server(server_options("authorization {user: red, password: secret}"));
  auto options = to(server);
  options.user = "red";
  options.password = "hidden";

  const auto connection = connect(options);

  ASSERT_THAT(connection, FailsWith(Errc::permission_denied));
  EXPECT_THAT(connection.error().message, AllOf(HasSubstr("\"red\""), Not(HasSubstr("hidden"))));
  EXPECT_THAT(connect(to(server)), FailsWith(Errc::permission_denied));
}

TEST_P(ConnectionTest, LogsInWithAPasswordOfAnyCharacters) {
  const NatsServer server(server_options(R"(authorization {user: 're"d', password: 's"e\c:@ü'})"));
  auto options = to(server);
  options.user = R"(re"d)";
  options.password = R"(s"e\c:@ü)";
  options.name = R"(a "name" \)";

  EXPECT_THAT(connect(options), Succeeds());
  const std::string url = "nats://re%22d:s%22e%5Cc:%40%C3%BC@127.0.0.1:";
  EXPECT_THAT(connect(*parse_url(url + std::to_string(server.port()))), Succeeds());
}

TEST_P(ConnectionTest, LogsInWithAToken) {
  const NatsServer server(server_options("authorization {token: s3cret}"));
  auto options = to(server);
  options.token = "s3cret";

  EXPECT_THAT(connect(options), Succeeds());
  options.token = "hidden";
  EXPECT_THAT(connect(options), FailsWith(Errc::permission_denied));
}

TEST_P(ConnectionTest, LogsInWithASeedFile) {
  const NatsServer server(server_options(
      "authorization {users: [{nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4}]}"));
  auto options = to(server);
  options.nkey_seed_file =
      file("seed", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n");

  EXPECT_THAT(connect(options), Succeeds());
}

TEST_P(ConnectionTest, LogsInWithACredentialsFile) {
  const NatsServer server(server_options(tests::operator_config()));
  auto options = to(server);
  EXPECT_THAT(connect(options), FailsWith(Errc::permission_denied));

  options.credentials_file = file("user.creds", tests::credentials());

  EXPECT_THAT(connect(options), Succeeds());
}

// More than 256 times: see log_in.
TEST_P(ConnectionTest, ALoginWithAKeyNeverFailsByChance) {
  constexpr int kTimes = 1'000;
  const NatsServer server(server_options(tests::operator_config()));
  auto options = to(server);
  options.credentials_file = file("user.creds", tests::credentials());

  for (int i = 0; i < kTimes; ++i) ASSERT_THAT(connect(options), Succeeds());
}

TEST_P(ConnectionTest, FilesThatAreMissingOrMalformedAreNamed) {
  const NatsServer server(server_options("authorization {token: s3cret}"));
  const std::string absent = folder_.file("absent");
  auto no_credentials = to(server);
  no_credentials.credentials_file = absent;
  auto no_seed = to(server);
  no_seed.nkey_seed_file = absent;
  auto no_authority = to(server);
  no_authority.tls.ca_file = absent;
  auto bad_credentials = to(server);
  bad_credentials.credentials_file = file("credentials", "hidden");
  auto bad_authority = to(server);
  bad_authority.tls.ca_file = file("authority", "hidden");

  for (const auto& options : {no_credentials, no_seed, no_authority}) {
    const auto connection = connect(options);
    ASSERT_THAT(connection, FailsWith(Errc::not_found));
    EXPECT_THAT(connection.error().message, HasSubstr(absent));
  }
  for (const auto& options : {bad_credentials, bad_authority}) {
    const auto connection = connect(options);
    ASSERT_THAT(connection, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(connection.error().message, Not(HasSubstr("hidden")));
  }
}

TEST(ConnectionOptionsTest, WhatCannotBeMeantIsRefusedBeforeAnythingIsSent) {
  using namespace std::chrono_literals;
  for (const ConnectOptions& options :
       {ConnectOptions{.urls = {}}, ConnectOptions{.inbox_prefix = "a.>"},
        ConnectOptions{.inbox_prefix = "_INBOX\r\nPUB x 0\r\n"}, ConnectOptions{.name = "a\nb"},
        ConnectOptions{.user = "a\r\nb", .password = "c"}, ConnectOptions{.token = "hidden\x01"},
        ConnectOptions{.password = "hidden"}, ConnectOptions{.user = "a", .token = "hidden"},
        ConnectOptions{.connect_timeout = 0ms}, ConnectOptions{.request_timeout = 25h},
        ConnectOptions{.tls = {.cert_file = "/c.pem"}}}) {
    const auto connection = connect(options);
    ASSERT_THAT(connection, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(connection.error().message, Not(HasSubstr("hidden")));
  }
}

TEST(ConnectionOptionsTest, WhereNobodyListensItIsUnavailable) {
  const tests::HeldPort port;
  const std::string url = "nats://127.0.0.1:" + std::to_string(port.number());

  const auto connection = connect({.urls = {url}});

  ASSERT_THAT(connection, FailsWith(Errc::unavailable));
  EXPECT_THAT(connection.error().message, HasSubstr(url + ": Connection refused"));
}

TEST(ConnectionOptionsTest, AHostThatCannotBeResolvedIsCalledSo) {
  const auto connection = connect({.urls = {"nats://no-such-host.invalid"}});

  ASSERT_THAT(connection, FailsWith(Errc::unavailable));
  EXPECT_THAT(connection.error().message, HasSubstr("cannot be resolved"));
}

TEST_P(ConnectionTest, ConnectsToTheServerThatIsThereAmongSeveral) {
  const tests::HeldPort port;
  const NatsServer server(server_options());
  const std::string nobody = "nats://127.0.0.1:" + std::to_string(port.number());

  EXPECT_THAT(connect({.urls = {nobody, server.url()}}), Succeeds());
}

TEST_P(ConnectionTest, ComesBackAfterItsServerWasKilled) {
  NatsServer server(server_options());
  auto connection = *connect(to(server));

  server.kill_9();
  ASSERT_TRUE(eventually([&] { return connection->status() == ConnectionStatus::reconnecting; }));
  server.restart();

  ASSERT_TRUE(eventually([&] { return connection->status() == ConnectionStatus::connected; }));
  EXPECT_EQ(connection->statistics().reconnects, 1U);
  EXPECT_THAT(connection->server(), Succeeds());  // it is another process, with another id
}

TEST_P(ConnectionTest, IsClosedForGoodWhenItsAttemptsAreUsedUp) {
  NatsServer server(server_options());
  auto options = to(server);
  options.reconnect = {.max_attempts = 2, .wait = std::chrono::milliseconds(1)};
  auto connection = *connect(options);

  server.kill_9();

  EXPECT_TRUE(eventually([&] { return connection->status() == ConnectionStatus::closed; }));
}

TEST_P(ConnectionTest, ClosedIsClosed) {
  const NatsServer server(server_options());
  auto connection = *connect(to(server));

  connection->close();
  connection->close();

  EXPECT_EQ(connection->status(), ConnectionStatus::closed);
}

}  // namespace
}  // namespace aether::nats
