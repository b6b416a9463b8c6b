// SPDX-License-Identifier: Apache-2.0
// How a store is opened while servers come and go.
#include "aether/nats/snapshots.hpp"
#include "nats/store_fixture.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

std::string refusal(int code, int status) {
  return R"({"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":)" +
         std::to_string(status) + R"(,"err_code":)" + std::to_string(code) +
         R"(,"description":"so it is"}})";
}

class OpenTest : public StoreFixture {
 protected:
  /// The next `times` answers to a stream's making become this one; the stream is made.
  void refuse(int code, int status, int times) {
    proxy_.replace([=](const tests::ServerFrame& frame) mutable {
      std::optional<tests::ServerMessage> answer;
      if (frame.content.contains("stream_create_response") && times > 0) {
        --times;
        answer = tests::ServerMessage{.data = refusal(code, status)};
      }
      return answer;
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, OpenTest, tests::kVersions, tests::version_name);

TEST_P(OpenTest, WhatPassesByItselfIsWaitedFor) {
  struct Passing {
    int code;
    int status;
  };
  for (const auto& [code, status] :
       {Passing{10'004, 503}, {10'005, 400}, {10'008, 503}, {10'009, 500}, {10'058, 400}}) {
    const std::size_t before = proxy_.replaced();
    refuse(code, status, 1);

    ASSERT_THAT(open_at(proxy_.url()), Succeeds()) << code;

    EXPECT_EQ(proxy_.replaced(), before + 1) << code;
    ASSERT_THAT(tests::request(server_, "$JS.API.STREAM.DELETE.aether=ev=prod=eu"),
                HasSubstr(R"("success":true)"));
  }
}

TEST_P(OpenTest, ServersThatCannotPlaceTheStreamAreSaidSoAtTheTimeout) {
  proxy_.replace([](const tests::ServerFrame& frame) -> std::optional<tests::ServerMessage> {
    if (!frame.content.contains("_create_response") && !frame.content.contains("_info_response")) {
      return std::nullopt;
    }
    return tests::ServerMessage{.data = refusal(10'005, 400)};
  });

  const auto refused = open_at(proxy_.url(), {.timeout = 100ms});

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("10005"), HasSubstr("as many servers")));
  EXPECT_GT(proxy_.replaced(), 2U);
}

TEST_P(OpenTest, WhatNoTimeWillChangeIsSaidAtOnce) {
  const auto begun = std::chrono::steady_clock::now();

  const auto refused = open_at(server_.url(), {.stream = {.replicas = 3}, .timeout = 60s});

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("10074"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
}

TEST_P(OpenTest, AServerThatIsAwayIsWaitedFor) {
  const auto connection =
      *connect({.urls = {server_.url()},
                .reconnect = {.wait = 10ms, .jitter = std::chrono::milliseconds(0)}});
  server_.kill_9();
  ASSERT_TRUE(eventually([&] { return connection->status() == ConnectionStatus::reconnecting; }));

  auto events = std::async(std::launch::async, [&] { return open(connection, ns_); });
  auto snapshots = std::async(std::launch::async, [&] { return open_snapshots(connection, ns_); });
  EXPECT_NE(events.wait_for(50ms), std::future_status::ready);
  server_.restart();

  EXPECT_THAT(events.get(), Succeeds());
  EXPECT_THAT(snapshots.get(), Succeeds());
}

}  // namespace
}  // namespace aether::nats
