// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/checkpoints.hpp"

#include "core/deadline.hpp"
#include "nats/api.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "nats/waiting.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr std::string_view kStream = "KV_aether-checkpoints";

CheckpointRecord record_at(Position position) {
  return {.filter = "all",
          .checkpoint = {.position = position, .event_position = position, .event_id = "e"},
          .parked = {{.position = 1, .actor_id = "order-1", .version = 1, .event_id = "p"}}};
}

class NatsCheckpointsTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  static std::shared_ptr<Connection> connection_to(const std::string& url) {
    auto connection = connect({.urls = {url}, .reconnect = {.wait = 10ms, .jitter = 0ms}});
    EXPECT_THAT(connection, Succeeds());
    return std::move(*connection);
  }
  std::unique_ptr<CheckpointStore> opened(const CheckpointOptions& options = {.timeout = 2s},
                                          const std::string& ns = "prod.eu") {
    auto store = open_checkpoints(connection_to(proxy_.url()), *Namespace::parse(ns), options);
    EXPECT_THAT(store, Succeeds());
    return std::move(*store);
  }
  Result<std::unique_ptr<CheckpointStore>> refused(const CheckpointOptions& options) {
    return open_checkpoints(connection_to(server_.url()), *Namespace::parse("prod"), options);
  }
  /// Loses the next answer to what is saved.
  void lose_an_answer() {
    proxy_.swallow([lost = false](const tests::ServerFrame& frame) mutable {
      return !lost && (lost = frame.content.starts_with(R"({"stream":)"));
    });
  }
  /// Beside all stores.
  void put(const std::string& subject, const std::string& value) {
    const auto connection = connection_to(server_.url());
    ASSERT_THAT(Session::of(*connection).requests().request({.subject = subject, .data = value}),
                Succeeds());
  }

  tests::NatsServer server_{{.version = GetParam()}};
  tests::TcpProxy proxy_{server_.port()};
};

INSTANTIATE_TEST_SUITE_P(Versions, NatsCheckpointsTest, tests::kVersions, tests::version_name);

TEST_P(NatsCheckpointsTest, WhatIsSavedIsLoadedByEveryone) {
  const auto store = opened();
  EXPECT_EQ(store->load("orders").value(), std::nullopt);

  EXPECT_THAT(store->save("orders", record_at(7)), Succeeds());
  EXPECT_THAT(store->save("orders", record_at(9)), Succeeds());
  EXPECT_THAT(store->save("bills:0/2", record_at(3)), Succeeds());

  EXPECT_EQ(store->load("orders").value(), record_at(9));
  EXPECT_EQ(opened()->load("orders").value(), record_at(9));
  EXPECT_EQ(opened()->load("bills:0/2").value(), record_at(3));
}

TEST_P(NatsCheckpointsTest, NamespacesDoNotSeeEachOthers) {
  EXPECT_THAT(opened()->save("orders", record_at(7)), Succeeds());

  EXPECT_EQ(opened({}, "prod")->load("orders").value(), std::nullopt);
  EXPECT_EQ(opened({}, "prod.eu.a")->load("orders").value(), std::nullopt);
  EXPECT_EQ(opened({}, "prod")->load("eu.orders").value(), std::nullopt);
}

TEST_P(NatsCheckpointsTest, AnyKeyIsOneToken) {
  const auto store = opened();
  for (const std::string key : {"*", ">", "a b", "x\r\nPUB y 0\r\n\r\n", "a.b", ""}) {
    EXPECT_THAT(store->save(key, record_at(key.size() + 1)), Succeeds());
  }
  for (const std::string key : {"*", ">", "a b", "x\r\nPUB y 0\r\n\r\n", "a.b", ""}) {
    EXPECT_EQ(store->load(key).value(), record_at(key.size() + 1));
  }
}

TEST_P(NatsCheckpointsTest, ALostAnswerIsMadeUpFor) {
  const auto store = opened({.timeout = 5s});
  ASSERT_THAT(store->save("orders", record_at(1)), Succeeds());
  lose_an_answer();

  EXPECT_THAT(store->save("orders", record_at(2)), Succeeds());

  EXPECT_EQ(proxy_.swallowed(), 1U);
  EXPECT_EQ(store->load("orders").value(), record_at(2));
  EXPECT_THAT(store->save("orders", record_at(3)), Succeeds()) << "its place is known again";
}

TEST_P(NatsCheckpointsTest, WithoutAnswersItIsUnavailableInTime) {
  const auto store = opened({.timeout = 300ms});
  ASSERT_THAT(store->save("orders", record_at(1)), Succeeds());
  proxy_.stall();

  EXPECT_THAT(store->save("orders", record_at(2)), FailsWith(Errc::unavailable));
  EXPECT_THAT(store->load("orders"), FailsWith(Errc::unavailable));
}

TEST_P(NatsCheckpointsTest, TheServerMayBeAway) {
  const auto store = opened({.timeout = 10s});
  ASSERT_THAT(store->save("orders", record_at(1)), Succeeds());
  proxy_.cut();

  EXPECT_THAT(store->save("orders", record_at(2)), Succeeds());
}

TEST_P(NatsCheckpointsTest, OneThatAnotherHasSavedIsNotReplaced) {
  const auto store = opened();
  const auto other = opened();
  ASSERT_THAT(store->save("orders", record_at(1)), Succeeds());
  ASSERT_THAT(other->save("orders", record_at(2)), Succeeds());

  const auto refused = store->save("orders", record_at(3));

  ASSERT_THAT(refused, FailsWith(Errc::version_conflict));
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("orders"), HasSubstr("second projector")));
  EXPECT_EQ(store->load("orders").value(), record_at(2));
  EXPECT_THAT(store->save("orders", record_at(3)), Succeeds());
}

TEST_P(NatsCheckpointsTest, ADeletedOneIsNoneAndADamagedOneIsCorrupt) {
  const auto store = opened();
  ASSERT_THAT(store->save("orders", record_at(1)), Succeeds());

  put("$KV.aether-checkpoints.prod.eu.orders", "position 9");
  const auto damaged = store->load("orders");
  put("$KV.aether-checkpoints.prod.eu.orders", "");

  ASSERT_THAT(damaged, FailsWith(Errc::corrupt));
  EXPECT_THAT(damaged.error().message, HasSubstr("$KV.aether-checkpoints.prod.eu.orders"));
  EXPECT_EQ(store->load("orders").value(), std::nullopt);
}

TEST_P(NatsCheckpointsTest, TheBucketIsAsTheToolsMakeIt) {
  opened();

  const std::string info = tests::request(server_, "$JS.API.STREAM.INFO." + std::string(kStream));

  EXPECT_THAT(info,
              AllOf(HasSubstr(R"("subjects":["$KV.aether-checkpoints.\u003e"])"),
                    HasSubstr(R"("max_msgs_per_subject":1,)"),
                    HasSubstr(R"("allow_rollup_hdrs":true)"), HasSubstr(R"("deny_delete":true)"),
                    HasSubstr(R"("discard":"new")"), HasSubstr(R"("allow_direct":true)")));
}

TEST_P(NatsCheckpointsTest, OnlyABucketThatKeepsThemWillDo) {
  EXPECT_THAT(refused({.bucket = "a.b"}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused({.bucket = ""}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused({.bucket = ">"}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused({.timeout = 0ms}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused({.create = false}), FailsWith(Errc::not_found));

  tests::request(server_, "$JS.API.STREAM.CREATE.KV_old",
                 R"({"name":"KV_old","subjects":["$KV.old.>"],"max_age":60000000000})");
  tests::request(server_, "$JS.API.STREAM.CREATE.KV_other",
                 R"({"name":"KV_other","subjects":["other"]})");

  const auto old = refused({.bucket = "old"});
  ASSERT_THAT(old, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(old.error().message, HasSubstr("max_age"));
  EXPECT_THAT(refused({.bucket = "other"}), FailsWith(Errc::invalid_argument));
}

}  // namespace
}  // namespace aether::nats
