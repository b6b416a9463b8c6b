// SPDX-License-Identifier: Apache-2.0
#include "nats/locate.hpp"

#include "aether/core/names.hpp"
#include "aether/nats/store.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::Succeeds;

constexpr auto kActor = "order-1";

class LocateTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  void SetUp() override {
    connection_ = *connect({.urls = {server_.url()}});
    store_ = *open(connection_, ns_);
    Session& session = Session::of(*connection_);
    requests_ = *Requests::make(session.transport(), {});
    api_ = std::make_unique<StreamApi>(session.transport(), *requests_, event_stream_name(ns_));
  }

  /// One event a message.
  void append(const std::string& actor_id, std::size_t count) {
    std::vector<std::future<Result<Appended>>> outcomes;
    for (std::size_t i = 0; i < count; ++i) {
      auto promise = std::make_shared<std::promise<Result<Appended>>>();
      outcomes.push_back(promise->get_future());
      store_->append_async({{.event_type = "Counted", .actor_id = actor_id}}, {},
                           [promise](Result<Appended> result) { promise->set_value(result); });
    }
    for (auto& outcome : outcomes) ASSERT_THAT(outcome.get(), Succeeds());
  }

  Result<Place> place_before(Version version, Place end) {
    std::promise<ApiResult<Place>> promise;
    locate(*api_,
           {.subject = event_subject(ns_, kActor), .version = version, .end = end, .direct = true},
           5s, [&promise](ApiResult<Place> place) { promise.set_value(std::move(place)); });
    auto place = promise.get_future().get();
    if (!place) return std::unexpected(place.error().error);
    return *place;
  }

  /// The places of the actor's messages, by version; none at 0.
  std::vector<Place> places() {
    std::vector<Place> places(1);
    const auto page = store_->read_all({.actor_id = kActor}, 0, 100'000);
    EXPECT_THAT(page, Succeeds());
    for (const EventPtr& event : page->events) {
      places.push_back({.version = event->version, .sequence = sequence_of(event->position)});
    }
    return places;
  }

  const Namespace ns_ = *Namespace::parse("prod");
  tests::NatsServer server_{{.version = GetParam()}};
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Requests> requests_;
  std::unique_ptr<StreamApi> api_;
};

INSTANTIATE_TEST_SUITE_P(Versions, LocateTest, tests::kVersions, tests::version_name);

TEST_P(LocateTest, EveryVersionIsFoundWithFewQuestionsHoweverUnevenlyTheyStand) {
  append(kActor, 100);
  append("order-2", 3'000);
  append(kActor, 20);
  append("order-3", 500);
  append(kActor, 300);
  const std::vector<Place> all = places();
  ASSERT_EQ(all.size(), 421U);

  for (Version version = 1; version < all.size(); version += 7) {
    const std::uint64_t asked_before = connection_->statistics().messages_out;
    const auto before = place_before(version, all.back());
    const std::uint64_t questions = connection_->statistics().messages_out - asked_before;

    ASSERT_THAT(before, Succeeds());
    EXPECT_LT(before->version, version);
    EXPECT_GE(before->version + kNearVersions, version);
    EXPECT_EQ(before->sequence, all[before->version].sequence);
    EXPECT_LE(questions, 24U) << "twice the doublings of the stream's 3,920 messages";
  }
}

TEST_P(LocateTest, WhatIsMissingAtTheBeginningIsPassedOver) {
  append("order-2", 1'000);
  append(kActor, 100);

  const auto before = place_before(60, places().back());

  ASSERT_THAT(before, Succeeds());
  EXPECT_LT(before->version, 60U);
  EXPECT_GE(before->version + kNearVersions, 60U);
}

TEST_P(LocateTest, AMessageThatIsNoCommitIsCorrupt) {
  append(kActor, 40);
  const Place end = places().back();
  Transport& transport = Session::of(*connection_).transport();
  ASSERT_THAT(transport.publish({.subject = event_subject(ns_, kActor), .data = "?"}), Succeeds());
  ASSERT_THAT(transport.flush(5s), Succeeds());

  // As if versions 41 to 100 stood behind it.
  const auto before = place_before(90, {.version = 100, .sequence = end.sequence + 2});

  EXPECT_THAT(before, testing::FailsWith(Errc::corrupt));
}

}  // namespace
}  // namespace aether::nats
