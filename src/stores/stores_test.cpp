// SPDX-License-Identifier: Apache-2.0
// One program, whichever store its configuration names.
#include "aether/stores/stores.hpp"

#include "nats/nats_server.hpp"
#include "nats/test_support.hpp"
#include "sqlite/test_folder.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace aether {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

Event placed(Version version) {
  return {.id = std::to_string(version),
          .event_type = "OrderPlaced",
          .actor_id = "order-1",
          .version = version};
}

std::unique_ptr<Stores> opened(const std::string& url, const StoresOptions& options = {}) {
  auto stores = open_stores(url, options);
  EXPECT_THAT(stores, Succeeds());
  return std::move(stores.value());
}

/// What a program does that knows nothing but a URL.
void append_and_save(Stores& stores) {
  ASSERT_THAT(stores.events().append(placed(1), {.expected_version = 0}), Succeeds());
  EXPECT_THAT(stores.events().append(placed(1), {.expected_version = 0}), Succeeds());
  EXPECT_THAT(stores.events().append({.event_type = "Other", .actor_id = "order-1", .version = 1}),
              FailsWith(Errc::version_conflict));
  const auto snapshots = stores.snapshots();
  ASSERT_THAT(snapshots, Succeeds());
  EXPECT_THAT(
      (*snapshots)
          ->save({.actor_id = "order-1", .version = 1, .schema = "s", .data = Data::json("7")}),
      Succeeds());
}

void find_both(Stores& stores) {
  const auto events = stores.events().read("order-1");
  ASSERT_THAT(events, Succeeds());
  ASSERT_EQ(events->size(), 1U);
  EXPECT_NE(events->front()->hash, Hash{}) << "each store keeps an audit chain";
  const auto snapshots = stores.snapshots();
  ASSERT_THAT(snapshots, Succeeds());
  EXPECT_EQ((*snapshots)->load("order-1")->data, Data::json("7"));
}

TEST(StoresTest, InMemory) {
  const auto stores = opened("memory:");

  append_and_save(*stores);
  find_both(*stores);
}

TEST(StoresTest, InADatabase) {
  const sqlite::TestFolder folder;
  const std::string url = "sqlite:" + folder.file("orders.db");
  EXPECT_THAT(open_stores(url, {.read_only = true}), FailsWith(Errc::not_found));

  append_and_save(*opened(url));

  find_both(*opened(url, {.read_only = true}));
}

class StoresOnNatsTest : public ::testing::TestWithParam<tests::ServerVersion> {};
INSTANTIATE_TEST_SUITE_P(Versions, StoresOnNatsTest, tests::kVersions, tests::version_name);

TEST_P(StoresOnNatsTest, InJetStream) {
  const tests::NatsServer server({.version = GetParam()});
  const std::string url = server.url() + "/prod.eu";
  EXPECT_THAT(open_stores(url, {.read_only = true}), FailsWith(Errc::not_found));

  append_and_save(*opened(url));

  const auto reading = opened(url, {.read_only = true});
  find_both(*reading);
  EXPECT_EQ(*reading->snapshots(), *reading->snapshots()) << "it is opened once";
}

TEST(StoresTest, WhoTakesNoSnapshotsNeedsNoStreamForThem) {
  const tests::NatsServer server;
  const std::string url = server.url() + "/orders";
  ASSERT_THAT(opened(url)->events().append(placed(1)), Succeeds());

  const auto reading = opened(url, {.read_only = true});

  EXPECT_EQ(reading->events().read("order-1")->size(), 1U);
  EXPECT_THAT(reading->snapshots(), FailsWith(Errc::not_found));
}

TEST(StoresTest, SettingsInTheUrlAreThoseOfTheStream) {
  const tests::NatsServer server;
  ASSERT_THAT(open_stores(server.url() + "/orders?max_age=30d"), Succeeds());

  const auto refused = open_stores(server.url() + "/orders?max_age=60d");

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("max_age"));
}

TEST(StoresTest, WhereNobodyAnswersItIsUnavailableInTime) {
  const auto refused =
      open_stores("nats://eva:secret@127.0.0.1:1/orders", {.timeout = std::chrono::seconds(1)});

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace aether
