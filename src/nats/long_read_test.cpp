// SPDX-License-Identifier: Apache-2.0
// How long histories are read: by a consumer, with what networks and servers do to it.
#include "nats/inbox.hpp"
#include "nats/permission_file.hpp"
#include "nats/session.hpp"
#include "nats/store_fixture.hpp"
#include "nats/stream_config.hpp"
#include "nats/waiting.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace aether::nats {
namespace {

using testing::eventually;
using testing::Succeeds;

constexpr Version kMany = 2'500;  // more than come at a time

bool is_delivery(const tests::ServerFrame& frame) { return frame.subject.starts_with("aether.ev"); }
bool is_made(const tests::ServerFrame& frame) {
  return frame.content.contains("consumer_create_response");
}
bool is_removed(const tests::ServerFrame& frame) {
  return frame.content.contains("consumer_delete_response");
}

class LongReadTest : public StoreFixture {
 protected:
  LongReadTest() {
    for (Version version = 1; version <= kMany; ++version) {
      other().append_async({placed(std::to_string(version), version)}, {}, {});
    }
    EXPECT_TRUE(eventually([&] { return other().latest_version("order-1") == kMany; }));
    store();  // opens it
  }
  ~LongReadTest() override {
    const OverFirst over_first(*this);  // the rules count in members
  }
  LongReadTest(const LongReadTest&) = delete;
  LongReadTest& operator=(const LongReadTest&) = delete;

  /// Loses the delivery with that number, counted from now on, once.
  void lose_delivery(std::size_t number) {
    proxy_.swallow([number, seen = std::size_t{0}](const tests::ServerFrame& frame) mutable {
      return is_delivery(frame) && ++seen == number;
    });
  }
  void count_consumers() {
    proxy_.swallow([this](const tests::ServerFrame& frame) {
      if (is_made(frame)) ++consumers_;
      if (is_removed(frame)) ++removed_;
      return false;
    });
  }
  static void expect_whole(const Result<std::vector<EventPtr>>& events) {
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), kMany);
    for (Version version = 1; version <= kMany; ++version) {
      ASSERT_EQ((*events)[version - 1]->version, version);
    }
  }

  std::atomic<int> consumers_{0};
  std::atomic<int> removed_{0};
};
INSTANTIATE_TEST_SUITE_P(Versions, LongReadTest, tests::kVersions, tests::version_name);

TEST_P(LongReadTest, ItComesByOneConsumerWhichIsRemoved) {
  count_consumers();

  expect_whole(store().read("order-1"));

  EXPECT_EQ(consumers_, 1);
  EXPECT_TRUE(eventually([&] { return removed_ == 1; }));
}

TEST_P(LongReadTest, AShortReadMakesNoConsumerWhereTheServerKnowsBatches) {
  if (GetParam() == tests::ServerVersion::v2_9) GTEST_SKIP() << "it has none";
  count_consumers();

  EXPECT_EQ(store().read("order-1", {.from_version = kMany - 300})->size(), 301U);
  EXPECT_EQ(store().read("order-1", {.from_version = 1, .limit = 300})->size(), 300U);

  EXPECT_EQ(consumers_, 0);
}

TEST_P(LongReadTest, WhatIsLostIsAskedForAgain) {
  for (const std::size_t lost : {1U, 500U, 1'700U}) {
    lose_delivery(lost);
    const std::size_t before = proxy_.swallowed();

    const auto begun = std::chrono::steady_clock::now();
    expect_whole(store().read("order-1"));

    EXPECT_EQ(proxy_.swallowed() - before, 1U) << lost;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, kLongestTry) << "noticed by what follows";
  }
}

TEST_P(LongReadTest, ThatTheVeryLastIsLostIsNoticed) {
  // The first batch of new servers is none of the consumer's.
  const bool is_old = GetParam() == tests::ServerVersion::v2_9;
  lose_delivery(is_old ? kMany : kMany - 128);

  expect_whole(store().read("order-1"));

  EXPECT_EQ(proxy_.swallowed(), 1U);
}

TEST_P(LongReadTest, ACutInTheMiddleLosesNothing) {
  testing::Gate middle;
  const OverFirst over_first(*this);
  proxy_.swallow([&, seen = 0](const tests::ServerFrame& frame) mutable {
    if (is_delivery(frame) && ++seen == 1'200) middle.open();
    return seen >= 1'200;
  });
  auto reading = std::async(std::launch::async, [&] { return store().read("order-1"); });
  ASSERT_TRUE(middle.pass());

  proxy_.swallow({});
  proxy_.cut();

  expect_whole(reading.get());
}

TEST_P(LongReadTest, WhereNoConsumerIsToBeHadBatchesDo) {
  if (GetParam() == tests::ServerVersion::v2_9) GTEST_SKIP() << "it has none";
  proxy_.replace([](const tests::ServerFrame& frame) -> std::optional<tests::ServerMessage> {
    if (!is_made(frame)) return std::nullopt;
    return tests::ServerMessage{
        .data = R"({"error":{"code":400,"err_code":10026,"description":"maximum consumers"}})"};
  });

  expect_whole(store().read("order-1"));

  EXPECT_GT(proxy_.replaced(), 0U);
}

TEST_P(LongReadTest, APageEndsWhereItsLimitIsAndTheNextBeginsThere) {
  Position after = 0;
  std::vector<Version> versions;
  for (const std::size_t limit : {1'100U, 900U, 2'000U}) {
    const auto page = store().read_all({}, after, limit);
    ASSERT_THAT(page, Succeeds());
    for (const EventPtr& event : page->events) versions.push_back(event->version);
    after = page->next;
  }

  ASSERT_EQ(versions.size(), kMany);
  for (Version version = 1; version <= kMany; ++version) {
    ASSERT_EQ(versions[version - 1], version);
  }
}

TEST_P(LongReadTest, WhatIsNoCommitEndsItAndReadingGoesOnBehindIt) {
  const auto connection = *connect({.urls = {server_.url()}});
  ASSERT_THAT(Session::of(*connection)
                  .requests()
                  .request({.subject = event_subject(ns_, "order-2"), .data = "no commit"}),
              Succeeds());
  for (Version version = 1; version <= 20; ++version) {
    ASSERT_THAT(other().append(placed("later", version, "order-3")), Succeeds());
  }

  const auto page = store().read_all({}, 0, 5'000);

  ASSERT_THAT(page, Succeeds());
  EXPECT_EQ(page->events.size(), kMany) << "what stands before it";
  const auto refused = store().read_all({}, page->next, 5'000);
  ASSERT_THAT(refused, testing::FailsWith(Errc::corrupt));
  const auto behind = store().read_all({}, refused.error().position, 5'000);
  ASSERT_THAT(behind, Succeeds());
  EXPECT_EQ(behind->events.size(), 20U);
}

TEST(LongReadRightsTest, WithoutTheRightsForConsumersBatchesDoAndItDoesNotInsist) {
  const std::vector<std::string> rights{"$JS.API.CONSUMER.CREATE.aether=ev=orders",
                                        "$JS.API.CONSUMER.MSG.NEXT.aether=ev=orders.*"};
  tests::PermissionFile file;
  for (std::size_t i = 0; i < rights.size(); ++i) {
    file.add_user_without("orders_reader", rights[i], i);
  }
  const tests::NatsServer server{{.version = tests::ServerVersion::v2_15, .config = file.config()}};
  const auto connected = [&](const std::string& user, const std::string& like) {
    return *connect(
        {.urls = {server.url()}, .user = user, .password = user, .inbox_prefix = "_INBOX_" + like});
  };
  const Namespace orders = *Namespace::parse("orders");
  ASSERT_THAT(open(connected("orders_admin", "orders_admin"), orders), Succeeds());
  const auto writer = *open(connected("orders_writer", "orders_writer"), orders);
  for (Version version = 1; version <= kMany; ++version) {
    writer->append_async({placed("", version)}, {}, {});
  }
  ASSERT_TRUE(eventually([&] { return writer->latest_version("order-1") == kMany; }));
  for (std::size_t i = 0; i < rights.size(); ++i) {
    const auto connection = connected("as_" + std::to_string(i), "orders_reader");
    EventLog log(Session::of(*connection).transport());
    const auto reader = *open(connection, orders);

    EXPECT_EQ(reader->read("order-1")->size(), kMany) << rights[i];
    EXPECT_EQ(reader->read("order-1")->size(), kMany) << rights[i];

    EXPECT_EQ(log.count(LinkEvent::Kind::denied), 1);
  }
}

}  // namespace
}  // namespace aether::nats
