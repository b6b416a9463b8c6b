// SPDX-License-Identifier: Apache-2.0
// Requests that have two ways to the server: one for few, and one for many.
#include "nats/nats_server.hpp"
#include "nats/requests.hpp"
#include "nats/requests_fixture.hpp"
#include "nats/session.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::FailsWith;
using testing::Succeeds;

constexpr auto kNever = 1h;
constexpr long kMany = Requests::kMany;

/// The way for many goes through a proxy.
class BulkTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  BulkTest() {
    answering_ = *Transport::connect({.urls = {server_.url()}});
    answer_ = *answering_->subscribe("echo", "", [this](const Message& question) {
      EXPECT_THAT(answering_->publish({.subject = question.reply(), .data = question.data()}),
                  Succeeds());
    });
    silence_ = *answering_->subscribe("silent", "", [](const Message&) {});
    EXPECT_THAT(answering_->flush(30s), Succeeds());
    one_ = *Transport::connect({.urls = {server_.url()}});
    bulk_ = *Transport::connect(
        {.urls = {proxy_.url()}, .reconnect = {.max_attempts = 0}, .send_asap = false});
    requests_ = *Requests::make(*one_, {.bulk = bulk_.get()});
  }

  void send(std::string_view subject, std::span<const std::string_view> completes = {}) {
    requests_->send(
        {.subject = subject, .timeout = kNever, .completes = completes, .is_for_stream = true},
        outcomes_.next());
  }
  void make_many_wait() {
    for (long i = 0; i < kMany; ++i) send("silent");
  }
  [[nodiscard]] std::uint64_t in_bulk() const { return bulk_->statistics().messages_out; }

  tests::NatsServer server_{{.version = GetParam(), .jetstream = false}};
  tests::TcpProxy proxy_{server_.port()};
  Outcomes outcomes_;
  std::unique_ptr<Transport> answering_;
  std::unique_ptr<Transport> one_;
  std::unique_ptr<Transport> bulk_;
  std::unique_ptr<Requests> requests_;
  std::unique_ptr<Handle> answer_;
  std::unique_ptr<Handle> silence_;
};

INSTANTIATE_TEST_SUITE_P(Versions, BulkTest, tests::kVersions, tests::version_name);

TEST_P(BulkTest, OnlyWhatIsSentWhileManyWaitGoesTheOtherWay) {
  make_many_wait();
  EXPECT_EQ(in_bulk(), 0U);

  send("echo");

  EXPECT_EQ(in_bulk(), 1U);
  EXPECT_TRUE(eventually([&] { return outcomes_.count(kFine) == 1; }));
}

TEST_P(BulkTest, AQuestionToTheServerGoesTheFirstWay) {
  make_many_wait();

  requests_->send({.subject = "echo", .timeout = kNever}, outcomes_.next());

  EXPECT_EQ(in_bulk(), 0U);
  EXPECT_TRUE(eventually([&] { return outcomes_.count(kFine) == 1; }));
}

TEST_P(BulkTest, WhatCompletesOthersFollowsThem) {
  make_many_wait();

  send("echo", std::array<std::string_view, 1>{"silent"});

  EXPECT_EQ(in_bulk(), 0U);
  EXPECT_TRUE(eventually([&] { return outcomes_.count(kFine) == 1; }));
}

TEST_P(BulkTest, ALossOfTheOtherWayEndsOnlyWhatWentThere) {
  make_many_wait();
  for (int i = 0; i < 3; ++i) send("silent");

  proxy_.cut();

  EXPECT_TRUE(eventually([&] { return outcomes_.count(Errc::outcome_unknown) == 3; }));
  EXPECT_EQ(requests_->in_flight(), kMany);
}

TEST_P(BulkTest, WithoutTheOtherWayAllGoesTheFirst) {
  make_many_wait();
  proxy_.cut();
  EXPECT_TRUE(eventually([&] { return bulk_->status() == ConnectionStatus::closed; }));

  send("echo");

  EXPECT_TRUE(eventually([&] { return outcomes_.count(kFine) == 1; }));
  EXPECT_EQ(in_bulk(), 0U);
}

TEST_P(BulkTest, ALossOfTheFirstWayEndsAllForTheRepliesComeThere) {
  make_many_wait();
  send("silent");
  EXPECT_EQ(in_bulk(), 1U);

  one_->close();

  EXPECT_TRUE(eventually([&] { return outcomes_.count(Errc::outcome_unknown) == kMany + 1; }));
}

TEST_P(BulkTest, AConnectionMakesTheOtherWayOnceAndClosesIt) {
  const auto connection = *connect({.urls = {server_.url()}});
  Session& session = Session::of(*connection);
  Transport* const bulk = session.bulk();
  ASSERT_NE(bulk, nullptr);
  EXPECT_EQ(session.bulk(), bulk);
  EXPECT_THAT(bulk->publish({.subject = "nobody"}), Succeeds());
  EXPECT_EQ(connection->statistics().messages_out, 1U);

  connection->close();

  EXPECT_THAT(bulk->publish({.subject = "nobody"}), FailsWith(Errc::closed));
}

TEST_P(BulkTest, AConnectionThatGathersAnywayHasNoOtherWay) {
  const auto connection = *connect({.urls = {server_.url()}, .send_asap = false});

  EXPECT_EQ(Session::of(*connection).bulk(), nullptr);
}

}  // namespace
}  // namespace aether::nats
