// SPDX-License-Identifier: Apache-2.0
// What networks, servers and others do to a store of snapshots.
#include "aether/nats/snapshots.hpp"
#include "nats/api.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/snapshot_message.hpp"
#include "nats/stream_config.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "nats/waiting.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr std::chrono::milliseconds kTimeout = 1s;  // half of which a lost reply takes

const std::string kSubject = "aether.snap.prod.eu.order.order-1";

Snapshot snapshot_of(Version version, const std::string& state = "{}",
                     std::string actor_id = "order-1") {
  return {.actor_id = std::move(actor_id),
          .version = version,
          .schema = "order/1",
          .data = Data::json(state),
          .timestamp = *parse_timestamp("2026-08-20T10:11:12Z")};
}

/// A server's answer to a message for a stream.
bool is_stored_reply(const tests::ServerFrame& frame) {
  return frame.content.starts_with(R"({"stream":)");
}
/// An actor's last message, on its way to whom has asked.
bool is_last_message(const tests::ServerFrame& frame) {
  return frame.content.contains("Nats-Subject: " + kSubject);
}

class SnapshotsTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  static Result<std::unique_ptr<SnapshotStore>> open_at(const std::string& url,
                                                        SnapshotStoreOptions options = {}) {
    auto connection = connect({.urls = {url},
                               .connect_timeout = 200ms,
                               .ping_interval = 50ms,
                               .reconnect = {.wait = 10ms, .jitter = 0ms}});
    if (!connection) return std::unexpected(connection.error());
    return open_snapshots(std::move(*connection), *Namespace::parse("prod.eu"), options);
  }

  /// Beside the proxy.
  SnapshotStore& other() {
    if (!other_) other_ = *open_at(server_.url());
    return *other_;
  }
  /// Behind the proxy.
  SnapshotStore& store() {
    if (!store_) store_ = *open_at(proxy_.url(), {.timeout = kTimeout});
    return *store_;
  }
  Version stored_version() {
    const auto snapshot = other().load("order-1");
    EXPECT_THAT(snapshot, Succeeds());
    return snapshot ? snapshot->version : 0;
  }

  /// What others can do to a stream, who know nothing of stores.
  Session& session() {
    if (!connection_) connection_ = *connect({.urls = {server_.url()}});
    return Session::of(*connection_);
  }
  std::string request(std::string_view subject, std::string_view body = "",
                      std::span<const Header> headers = {}) {
    const auto reply =
        session().requests().request({.subject = subject, .headers = headers, .data = body});
    EXPECT_THAT(reply, Succeeds());
    return reply ? std::string(reply->data()) : "";
  }
  std::string publish(const OutgoingSnapshot& message, const std::string& format = "1",
                      const std::string& expected = "") {
    const std::string version = std::to_string(message.version);
    std::vector<Header> headers{{.name = "Aether-Format", .value = format},
                                {.name = "Aether-Version", .value = version},
                                {.name = "Aether-Checksum", .value = message.checksum}};
    if (!expected.empty()) {
      headers.push_back({.name = "Nats-Expected-Last-Subject-Sequence", .value = expected});
    }
    return request(message.subject, message.body, headers);
  }
  std::optional<StoredMessage> last_message() {
    StreamApi api(session().transport(), session().requests(), "aether=snap=prod=eu");
    const auto found = wait_once<StreamApi::Found>(
        std::chrono::steady_clock::now() + 30s,
        [&](auto timeout, auto done) { api.last(kSubject, false, timeout, std::move(done)); });
    EXPECT_TRUE(found.has_value());
    return found.value_or(std::nullopt);
  }

  const Namespace ns_ = *Namespace::parse("prod.eu");
  tests::NatsServer server_{{.version = GetParam()}};
  tests::TcpProxy proxy_{server_.port()};
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<SnapshotStore> other_;
  std::unique_ptr<SnapshotStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Versions, SnapshotsTest, tests::kVersions, tests::version_name);

TEST_P(SnapshotsTest, ALostReplyIsMadeUpForByALookIntoTheStream) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  proxy_.swallow(is_stored_reply);

  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());
  EXPECT_EQ(proxy_.swallowed(), 1U) << "it was sent once";
  EXPECT_EQ(stored_version(), 2U);

  EXPECT_THAT(store().remove("order-1"), Succeeds());
  EXPECT_EQ(proxy_.swallowed(), 2U);
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
}

TEST_P(SnapshotsTest, AfterALostReplyANewerOneOfAnotherWriterStays) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (!is_stored_reply(frame)) return false;
    EXPECT_THAT(other().save(snapshot_of(3)), Succeeds());
    return true;
  });

  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());

  EXPECT_EQ(proxy_.swallowed(), 1U);
  EXPECT_EQ(stored_version(), 3U);
}

TEST_P(SnapshotsTest, AServerThatFallsSilentLeavesAnUnknownOutcomeAndARepeatIsSafe) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  bool is_silent = false;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    is_silent = is_silent || is_stored_reply(frame);
    return is_silent && !frame.subject.empty();
  });

  const auto unknown = store().save(snapshot_of(2));

  ASSERT_THAT(unknown, FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(unknown.error().message, AllOf(HasSubstr(kSubject), HasSubstr("do the same again")));
  proxy_.swallow({});
  const auto sequence = last_message()->sequence;
  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());
  EXPECT_EQ(last_message()->sequence, sequence) << "it was there already";
}

TEST_P(SnapshotsTest, WhereNothingWasSentNothingWasChanged) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  server_.stop_process();

  const auto refused = store().save(snapshot_of(2));

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was changed"));
  EXPECT_THAT(store().load("order-1"), FailsWith(Errc::unavailable));
  server_.continue_process();
  EXPECT_EQ(stored_version(), 1U);
}

// The other writer is between the look and the publishing.
TEST_P(SnapshotsTest, OfTwoWritersThatHaveSeenTheSameTheNewerWins) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  Version others = 5;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (others != 0 && is_last_message(frame)) {
      EXPECT_THAT(other().save(snapshot_of(std::exchange(others, 0))), Succeeds());
    }
    return false;
  });

  EXPECT_THAT(store().save(snapshot_of(3)), Succeeds());
  EXPECT_EQ(stored_version(), 5U) << "the older of the two has come later";

  others = 6;
  EXPECT_THAT(store().save(snapshot_of(9)), Succeeds());
  EXPECT_EQ(stored_version(), 9U) << "the newer of the two has come later";
}

TEST_P(SnapshotsTest, ARemovalLeavesWhatWasSavedInTheMeantime) {
  ASSERT_THAT(store().save(snapshot_of(7)), Succeeds());
  bool is_first = true;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (is_last_message(frame) && std::exchange(is_first, false)) {
      EXPECT_THAT(other().remove("order-1"), Succeeds());
      EXPECT_THAT(other().save(snapshot_of(2)), Succeeds());
    }
    return false;
  });

  EXPECT_THAT(store().remove("order-1"), Succeeds());

  EXPECT_EQ(stored_version(), 2U);
}

TEST_P(SnapshotsTest, ASaveFromBeforeARemovalComesTooLate) {
  ASSERT_THAT(other().save(snapshot_of(1)), Succeeds());
  ASSERT_THAT(other().remove("order-1"), Succeeds());

  const auto refused = publish(encode_snapshot(ns_, snapshot_of(1)), "1", "0");

  EXPECT_THAT(refused, HasSubstr("wrong last sequence"));
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);
}

TEST_P(SnapshotsTest, EverySaveSurvivesCuts) {
  for (Version version = 1; version <= 40; ++version) {
    if (version % 10 == 5) proxy_.cut();
    EXPECT_THAT(store().save(snapshot_of(version)), Succeeds());
    ASSERT_EQ(stored_version(), version);
  }
}

TEST_P(SnapshotsTest, OrdinaryToolsCanReadWhatIsStored) {
  ASSERT_THAT(other().save(snapshot_of(7, R"({"total":0.10})")), Succeeds());

  const auto message = last_message();

  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->body, R"({"actorId":"order-1","version":7,"schema":"order/1",)"
                           R"("timestamp":"2026-08-20T10:11:12.000000000Z",)"
                           R"("data":{"total":0.10}})");
  EXPECT_EQ(message->format, "1");
  EXPECT_EQ(message->version, "7");
}

TEST_P(SnapshotsTest, AForeignMessageIsCorruptAndIsReplacedOrRemoved) {
  other();  // makes the stream
  request(kSubject, "hello");

  const auto loaded = other().load("order-1");

  ASSERT_THAT(loaded, FailsWith(Errc::corrupt));
  EXPECT_THAT(loaded.error().message,
              AllOf(HasSubstr("message 1"), HasSubstr(kSubject), HasSubstr("Aether-Format")));
  EXPECT_EQ(loaded.error().actor_id, "order-1");
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);

  request(kSubject, "hello");
  EXPECT_THAT(other().remove("order-1"), Succeeds());
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
}

TEST_P(SnapshotsTest, ATamperedOneIsCorruptAndHoldsUpNobody) {
  other();
  OutgoingSnapshot message = encode_snapshot(ns_, snapshot_of(kMaxVersion, R"({"total":1})"));
  message.body.replace(message.body.find(":1}"), 3, ":9}");
  publish(message);

  const auto loaded = other().load("order-1");

  ASSERT_THAT(loaded, FailsWith(Errc::corrupt));
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("message 1"), HasSubstr("Aether-Checksum")));
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);
}

TEST_P(SnapshotsTest, WhatANewerProgramMayHaveWrittenIsNotReplaced) {
  other();
  publish(encode_snapshot(ns_, snapshot_of(1)), "2");

  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::corrupt));
  const auto saved = other().save(snapshot_of(5));

  ASSERT_THAT(saved, FailsWith(Errc::unsupported));
  EXPECT_THAT(saved.error().message, HasSubstr("upgrade this program"));
  EXPECT_EQ(last_message()->format, "2");
  EXPECT_THAT(other().remove("order-1"), Succeeds());
  EXPECT_THAT(other().save(snapshot_of(5)), Succeeds());
}

TEST_P(SnapshotsTest, OneThatTheServerDoesNotTakeIsTooLarge) {
  Snapshot large = snapshot_of(1);
  large.data = Data::bytes(std::string(1'000'000, 'x'), "");  // a third more in base64

  const auto refused = store().save(large);

  ASSERT_THAT(refused, FailsWith(Errc::too_large));
  EXPECT_THAT(refused.error().message, HasSubstr("max_payload"));
  EXPECT_THAT(store().save(snapshot_of(1)), Succeeds());
}

TEST_P(SnapshotsTest, TheLargestOneIsAsLargeAsTheOptionsSay) {
  store_ = *open_at(server_.url(), {.max_snapshot_bytes = 10});

  EXPECT_THAT(store().save(snapshot_of(1, R"("12345678")")), Succeeds());
  EXPECT_THAT(store().save(snapshot_of(2, R"("123456789")")), FailsWith(Errc::too_large));
}

TEST_P(SnapshotsTest, AFullStreamTakesNothingMoreAndLosesNothing) {
  store_ = *open_at(server_.url(), {.stream = {.max_bytes = 20'000}});
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

TEST_P(SnapshotsTest, WithoutAStreamAndWithoutMakingOneThereAreNoSnapshots) {
  const auto refused = open_at(server_.url(), {.stream = {.create = false}});

  ASSERT_THAT(refused, FailsWith(Errc::not_found));
  EXPECT_THAT(refused.error().message, HasSubstr("aether=snap=prod=eu"));
  other();  // makes it
  EXPECT_THAT(open_at(server_.url(), {.stream = {.create = false}}), Succeeds());
}

TEST_P(SnapshotsTest, AnotherStreamThanAskedForIsRefusedAndNotChanged) {
  other();

  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_bytes = 1'000'000}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = 1h}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = 0s, .replicas = 1}}), Succeeds());
}

TEST_P(SnapshotsTest, AStreamThatKeepsMoreOfAnActorThanTheLastIsRefused) {
  request("$JS.API.STREAM.CREATE.aether=snap=prod=eu",
          R"({"name":"aether=snap=prod=eu","subjects":["aether.snap.prod.eu.*.*"],)"
          R"("retention":"limits","storage":"file","discard":"new","num_replicas":1,)"
          R"("max_msgs_per_subject":5})");

  const auto refused = open_at(server_.url());

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("max_msgs_per_subject is 5"));
}

TEST_P(SnapshotsTest, AClosedConnectionSaysSo) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  const auto connection = *connect({.urls = {server_.url()}});
  const auto closed = *open_snapshots(connection, ns_);

  connection->close();

  EXPECT_THAT(closed->save(snapshot_of(2)), FailsWith(Errc::closed));
  EXPECT_THAT(closed->load("order-1"), FailsWith(Errc::closed));
  EXPECT_THAT(closed->remove("order-1"), FailsWith(Errc::closed));
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
