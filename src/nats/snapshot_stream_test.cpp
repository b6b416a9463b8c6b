// SPDX-License-Identifier: Apache-2.0
// The stream of a store of snapshots: what it holds, who may use it, and which one will do.
#include "nats/snapshots_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

using SnapshotStreamTest = SnapshotStoreTest;

INSTANTIATE_TEST_SUITE_P(Versions, SnapshotStreamTest, tests::kVersions, tests::version_name);

TEST_P(SnapshotStreamTest, OneThatTheServerDoesNotTakeIsTooLarge) {
  Snapshot large = snapshot_of(1);
  large.data = Data::bytes(std::string(1'000'000, 'x'), "");  // a third more in base64

  const auto refused = store().save(large);

  ASSERT_THAT(refused, FailsWith(Errc::too_large));
  EXPECT_THAT(refused.error().message, HasSubstr("max_payload"));
  EXPECT_THAT(store().save(snapshot_of(1)), Succeeds());
}

TEST_P(SnapshotStreamTest, TheLargestOneIsAsLargeAsTheOptionsSay) {
  use(server_.url(), {.max_snapshot_bytes = 10});

  EXPECT_THAT(store().save(snapshot_of(1, R"("12345678")")), Succeeds());
  EXPECT_THAT(store().save(snapshot_of(2, R"("123456789")")), FailsWith(Errc::too_large));
}

TEST_P(SnapshotStreamTest, AFullStreamTakesNothingMoreAndLosesNothing) {
  use(server_.url(), {.stream = {.max_bytes = 20'000}});
  const std::string state = '"' + std::string(2'000, 'x') + '"';
  const auto actor = [](std::size_t number) { return "order-" + std::to_string(number); };
  std::size_t stored = 0;
  Result<void> saved;
  while ((saved = store().save(snapshot_of(1, state, actor(stored)))) && stored < 100) ++stored;

  ASSERT_THAT(saved, FailsWith(Errc::unavailable));
  EXPECT_THAT(saved.error().message, HasSubstr("full"));
  EXPECT_GT(stored, 3U);
  for (std::size_t i = 0; i < stored; ++i) EXPECT_THAT(store().load(actor(i)), Succeeds());
  EXPECT_THAT(store().save(snapshot_of(2, "{}", actor(0))), Succeeds()) << "a smaller one fits";
  EXPECT_THAT(store().remove(actor(1)), Succeeds());
  EXPECT_THAT(store().save(snapshot_of(1, state, actor(stored))), Succeeds()) << "there is room";
}

TEST_P(SnapshotStreamTest, WithoutAStreamAndWithoutMakingOneThereAreNoSnapshots) {
  const auto refused = open_at(server_.url(), {.stream = {.create = false}});

  ASSERT_THAT(refused, FailsWith(Errc::not_found));
  EXPECT_THAT(refused.error().message, HasSubstr("aether=snap=prod=eu"));
  other();  // makes it
  EXPECT_THAT(open_at(server_.url(), {.stream = {.create = false}}), Succeeds());
}

TEST_P(SnapshotStreamTest, AnotherStreamThanAskedForIsRefusedAndNotChanged) {
  other();

  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_bytes = 1'000'000}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = 1h}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = 0s, .replicas = 1}}), Succeeds());
}

TEST_P(SnapshotStreamTest, AStreamThatKeepsMoreOfAnActorThanTheLastIsRefused) {
  request("$JS.API.STREAM.CREATE.aether=snap=prod=eu",
          R"({"name":"aether=snap=prod=eu","subjects":["aether.snap.prod.eu.*.*"],)"
          R"("retention":"limits","storage":"file","discard":"new","num_replicas":1,)"
          R"("max_msgs_per_subject":5})");

  const auto refused = open_at(server_.url());

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("max_msgs_per_subject is 5"));
}

/// One server, one user who may do everything, and two who may do what they are for.
class SnapshotRightsTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  Result<std::unique_ptr<SnapshotStore>> open_as(const std::string& user) {
    auto connection = connect({.urls = {server_.url()}, .user = user, .password = "x"});
    if (!connection) return std::unexpected(connection.error());
    return open_snapshots(std::move(*connection), *Namespace::parse("prod.eu"));
  }

  tests::NatsServer server_{{.version = GetParam(), .config = R"(
    authorization: {users: [
      {user: admin, password: x},
      {user: app, password: x, permissions: {
        publish: {allow: ["$JS.API.INFO", "$JS.API.STREAM.INFO.aether=snap=prod=eu",
                          "$JS.API.DIRECT.GET.aether=snap=prod=eu.>",
                          "$JS.API.STREAM.MSG.GET.aether=snap=prod=eu", "aether.snap.prod.eu.>"]},
        subscribe: {allow: ["_INBOX.>"]}}},
      {user: viewer, password: x, permissions: {
        publish: {allow: ["$JS.API.INFO", "$JS.API.STREAM.INFO.aether=snap=prod=eu",
                          "$JS.API.DIRECT.GET.aether=snap=prod=eu.>"]},
        subscribe: {allow: ["_INBOX.>"]}}}]}
    )"}};
};

INSTANTIATE_TEST_SUITE_P(Versions, SnapshotRightsTest, tests::kVersions, tests::version_name);

TEST_P(SnapshotRightsTest, WhoMayNotMakeAStreamMayUseTheOneThatIsThere) {
  EXPECT_THAT(open_as("app"), FailsWith(Errc::permission_denied));
  ASSERT_THAT(open_as("admin"), Succeeds());

  const auto opened = open_as("app");

  ASSERT_THAT(opened, Succeeds());
  SnapshotStore& store = **opened;
  EXPECT_THAT(store.save(snapshot_of(1)), Succeeds());
  EXPECT_THAT(store.load("order-1"), Succeeds());
  EXPECT_THAT(store.remove("order-1"), Succeeds()) << "needs no right to purge";
  EXPECT_THAT(store.load("order-1"), FailsWith(Errc::not_found));
}

TEST_P(SnapshotRightsTest, WhoMayOnlyReadIsToldSo) {
  const auto admin = open_as("admin");
  ASSERT_THAT(admin, Succeeds());
  ASSERT_THAT((*admin)->save(snapshot_of(1)), Succeeds());

  const auto opened = open_as("viewer");

  ASSERT_THAT(opened, Succeeds());
  SnapshotStore& store = **opened;
  EXPECT_THAT(store.load("order-1"), Succeeds());
  const auto saved = store.save(snapshot_of(2));
  ASSERT_THAT(saved, FailsWith(Errc::permission_denied));
  EXPECT_THAT(saved.error().message, HasSubstr(kSubject));
  EXPECT_THAT(store.remove("order-1"), FailsWith(Errc::permission_denied));
  EXPECT_THAT(store.load("order-1"), Succeeds());
}

}  // namespace
}  // namespace aether::nats
