// SPDX-License-Identifier: Apache-2.0
// How a store reads, and how its subscriptions go on.
#include "nats/session.hpp"
#include "nats/store_fixture.hpp"
#include "nats/stream_config.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace aether::nats {
namespace {

using testing::eventually;
using testing::Succeeds;

using EventStoreReadTest = StoreFixture;
INSTANTIATE_TEST_SUITE_P(Versions, EventStoreReadTest, tests::kVersions, tests::version_name);

TEST_P(EventStoreReadTest, ReadingFromAVersionReadsLittleOfWhatStandsBeforeIt) {
  constexpr Version kVersions = 3'000;
  for (Version version = 1; version <= kVersions; ++version) {
    other().append_async({placed(std::to_string(version), version)}, {}, {});
  }
  ASSERT_TRUE(eventually([&] { return other().latest_version("order-1") == kVersions; }));
  auto connection = *connect({.urls = {server_.url()}});
  const auto reading = *open(connection, ns_);
  const std::uint64_t before = connection->statistics().messages_in;

  const auto events = reading->read("order-1", {.from_version = kVersions - 4});

  ASSERT_THAT(events, Succeeds());
  ASSERT_EQ(events->size(), 5U);
  EXPECT_EQ(events->front()->version, kVersions - 4);
  EXPECT_LT(connection->statistics().messages_in - before, 100U);
  EXPECT_TRUE(reading->read("order-1", {.from_version = kVersions + 1})->empty());
}

TEST_P(EventStoreReadTest, WhoReadsOnNeedNotLookForThePlace) {
  for (Version version = 1; version <= 200; ++version) {
    other().append_async({placed(std::to_string(version), version)}, {}, {});
  }
  ASSERT_TRUE(eventually([&] { return other().latest_version("order-1") == 200U; }));
  const auto connection = *connect({.urls = {server_.url()}});
  const auto reading = *open(connection, ns_);
  ASSERT_EQ(reading->read("order-1", {.from_version = 1, .limit = 150})->size(), 150U);
  const auto questions = [&](Version from, std::size_t expected) {
    const std::uint64_t before = connection->statistics().messages_out;
    EXPECT_EQ(reading->read("order-1", {.from_version = from})->size(), expected);
    return connection->statistics().messages_out - before;
  };
  // A consumer is made, asked and removed.
  const std::uint64_t one_read = GetParam() == tests::ServerVersion::v2_9 ? 3 : 1;

  EXPECT_EQ(questions(151, 50), one_read);
  EXPECT_EQ(questions(201, 0), one_read);
  ASSERT_THAT(other().append(placed("201", 201)), Succeeds());
  EXPECT_EQ(questions(201, 1), one_read);
}

TEST_P(EventStoreReadTest, ARememberedPlaceIsNotBelievedWhereTheStreamWasMadeAnew) {
  for (Version version = 1; version <= 40; ++version) {
    ASSERT_THAT(other().append(placed("old", version)), Succeeds());
  }
  ASSERT_EQ(store().read("order-1")->size(), 40U);
  ASSERT_THAT(Session::of(*connect({.urls = {server_.url()}}).value())
                  .requests()
                  .request({.subject = "$JS.API.STREAM.DELETE." + event_stream_name(ns_)}),
              Succeeds());
  other_.reset();
  for (Version version = 10; version <= 50; ++version) {  // versions stand elsewhere now
    ASSERT_THAT(other().append(placed("new", version)), Succeeds());
  }

  const auto events = store().read("order-1", {.from_version = 41});

  ASSERT_THAT(events, Succeeds());
  ASSERT_EQ(events->size(), 10U);
  EXPECT_EQ(events->front()->version, 41U);
  EXPECT_EQ(events->front()->id, "new");
}

TEST_P(EventStoreReadTest, ASubscriptionGoesOnAfterACut) {
  std::atomic<std::size_t> seen{0};
  const auto subscription = store().subscribe({}, 0, [&](const EventPtr&) { ++seen; });
  ASSERT_THAT(subscription, Succeeds());
  ASSERT_THAT(other().append(placed("a", 1)), Succeeds());
  ASSERT_TRUE(eventually([&] { return seen == 1; }));

  proxy_.cut();
  ASSERT_THAT(other().append(placed("b", 2)), Succeeds());

  EXPECT_TRUE(eventually([&] { return seen == 2; }));
  EXPECT_TRUE(subscription->status().active);
}

// By subject, not by the number of messages: a subscription looks by itself now and then.
TEST_P(EventStoreReadTest, AStoreHearsOnlyOfWhatItsSubscriptionsAreAbout) {
  constexpr std::size_t kEvents = 200;
  std::atomic<std::size_t> heard{0};
  std::atomic<std::size_t> seen{0};
  const OverFirst over_first(*this);
  const auto append_many = [&](const std::string& category) {
    heard = 0;
    proxy_.swallow([&, prefix = "aether.ev.prod.eu." + category](const tests::ServerFrame& frame) {
      if (frame.subject.starts_with(prefix)) ++heard;
      return false;
    });
    for (Version version = 1; version <= kEvents; ++version) {
      ASSERT_THAT(other().append(placed("", version, category + "-1")), Succeeds());
    }
  };
  Store& listening = store();
  append_many("order");
  EXPECT_EQ(heard, 0U) << "without a subscription";

  const auto subscription =
      listening.subscribe({.category = "invoice"}, 0, [&](const EventPtr&) { ++seen; });
  ASSERT_THAT(subscription, Succeeds());

  append_many("payment");
  EXPECT_EQ(heard, 0U);
  append_many("invoice");
  EXPECT_TRUE(eventually([&] { return seen == kEvents && heard >= kEvents; }));
}

TEST_P(EventStoreReadTest, WhatIsLostOfABatchIsAskedForAgain) {
  for (Version version = 1; version <= 20; ++version) {
    ASSERT_THAT(other().append(placed(std::to_string(version), version)), Succeeds());
  }
  for (const std::size_t lost : {1U, 20U}) {
    std::atomic<std::size_t> left = lost;
    const OverFirst over_first(*this);
    store();  // opens it
    proxy_.swallow([&](const tests::ServerFrame& frame) {
      if (!frame.content.contains("OrderPlaced") || left == 0) return false;
      --left;
      return true;
    });

    const auto events = store().read_all({}, 0, 100);

    ASSERT_THAT(events, Succeeds());
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(events->events.size(), 20U) << lost << " were lost";
  }
}

// On old servers a batch is asked for with a limit of bytes, which one message may exceed.
TEST_P(EventStoreReadTest, LargeCommitsAreReadInOrder) {
  const std::string large = '"' + std::string(700'000, 'x') + '"';
  constexpr Version kCommits = 30;  // more than are sent at a time
  for (Version version = 1; version <= kCommits; ++version) {
    Event event = placed(std::to_string(version), version);
    event.data = Data::json(large);
    ASSERT_THAT(other().append(std::move(event)), Succeeds());
  }

  const auto events = other().read("order-1");

  ASSERT_THAT(events, Succeeds());
  ASSERT_EQ(events->size(), kCommits);
  for (Version version = 1; version <= kCommits; ++version) {
    EXPECT_EQ((*events)[version - 1]->version, version);
  }
  const auto last = other().read("order-1", {.from_version = kCommits});
  ASSERT_THAT(last, Succeeds());
  EXPECT_EQ(last->size(), 1U);
}

}  // namespace
}  // namespace aether::nats
