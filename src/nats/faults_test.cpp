// SPDX-License-Identifier: Apache-2.0
// What networks do to a connection and its requests.
#include "nats/inbox.hpp"
#include "nats/nats_server.hpp"
#include "nats/requests.hpp"
#include "nats/requests_fixture.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr auto kNever = 1h;

/// Asks through a proxy; what answers is connected to the server itself.
class FaultsTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  FaultsTest() {
    answering_ = *Transport::connect({.urls = {server_.url()}});
    answer_ = *answering_->subscribe("echo", "", [this](const Message& question) {
      EXPECT_THAT(answering_->publish({.subject = question.reply(), .data = question.data()}),
                  Succeeds());
    });
    silence_ = *answering_->subscribe("silent", "", [](const Message&) {});
    EXPECT_THAT(answering_->flush(30s), Succeeds());
    asking_ = *Transport::connect({.urls = {proxy_.url()},
                                   .connect_timeout = 200ms,
                                   .ping_interval = 50ms,
                                   .reconnect = {.wait = 10ms, .jitter = 0ms}});
    requests_ = *Requests::make(*asking_, {});
  }

  Result<Message> ask(const std::string& data, std::chrono::milliseconds timeout = kNever) {
    return requests_->request({.subject = "echo", .data = data, .timeout = timeout});
  }

  tests::NatsServer server_{{.version = GetParam(), .jetstream = false}};
  tests::TcpProxy proxy_{server_.port()};
  Outcomes outcomes_;
  std::unique_ptr<Transport> answering_;
  std::unique_ptr<Transport> asking_;
  std::unique_ptr<Requests> requests_;
  std::unique_ptr<Handle> answer_;
  std::unique_ptr<Handle> silence_;
};

INSTANTIATE_TEST_SUITE_P(Versions, FaultsTest, tests::kVersions, tests::version_name);

TEST_P(FaultsTest, ALostReplyIsAnUnknownOutcomeOfARequestThatWasDone) {
  Inbox seen(*answering_, "echo");
  proxy_.swallow([](const tests::ServerFrame& frame) { return frame.content == "lost"; });

  EXPECT_THAT(ask("lost", 50ms), FailsWith(Errc::outcome_unknown));

  EXPECT_THAT(seen.wait_for(1), ElementsAre("echo:lost"));
  EXPECT_EQ(proxy_.swallowed(), 1U);
  EXPECT_THAT(ask("next"), Succeeds());
}

TEST_P(FaultsTest, ACutEndsWhatIsInFlightAndTheNextConnectionWorks) {
  for (int i = 0; i < 10; ++i) {
    requests_->send({.subject = "silent", .timeout = kNever}, outcomes_.next());
  }

  proxy_.cut();

  EXPECT_THAT(outcomes_.wait_for_all(), Each(Errc::outcome_unknown));
  EXPECT_TRUE(eventually([&] { return ask("again", 1s).has_value(); }));
}

TEST_P(FaultsTest, ASilentNetworkIsNoticedByPings) {
  EventLog events(*asking_);
  requests_->send({.subject = "silent", .timeout = kNever}, outcomes_.next());

  proxy_.stall();

  EXPECT_THAT(outcomes_.wait_for_all(), ElementsAre(Errc::outcome_unknown));
  EXPECT_GT(events.count(LinkEvent::Kind::disconnected), 0);
  proxy_.resume();
  EXPECT_TRUE(eventually([&] { return ask("again", 1s).has_value(); }));
}

TEST_P(FaultsTest, ACutInTheMiddleOfSeveralRepliesIsAnUnknownOutcome) {
  const auto many = *answering_->subscribe("many", "", [&](const Message& question) {
    EXPECT_THAT(answering_->publish({.subject = question.reply(), .data = "one"}), Succeeds());
  });
  ASSERT_THAT(answering_->flush(30s), Succeeds());
  testing::Gate first;
  testing::Gate cut;

  requests_->send(
      {.subject = "many", .timeout = kNever},
      [&](const Message&) {
        first.open();
        return cut.pass();
      },
      outcomes_.next());
  ASSERT_TRUE(first.pass());
  EventLog events(*asking_);
  proxy_.cut();
  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::disconnected) > 0; }));
  cut.open();

  EXPECT_THAT(outcomes_.wait_for_all(), ElementsAre(Errc::outcome_unknown));
}

TEST_P(FaultsTest, AServersComplaintClosesForGoodAndIsTold) {
  EventLog events(*asking_);
  requests_->send({.subject = "silent", .timeout = kNever}, outcomes_.next());

  proxy_.say("-ERR 'Something is wrong'");

  EXPECT_THAT(outcomes_.wait_for_all(), ElementsAre(Errc::outcome_unknown));
  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::closed) > 0; }));
  EXPECT_THAT(events.all().back().text, HasSubstr("Something is wrong"));
  EXPECT_THAT(ask("x"), FailsWith(Errc::closed));
}

}  // namespace
}  // namespace aether::nats
