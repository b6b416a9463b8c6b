// SPDX-License-Identifier: Apache-2.0
// What is full beside a stream's own limit (event_store_test) and a disk: the server and the
// account.
#include "aether/nats/store.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace aether::nats {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class NoRoomTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  static constexpr std::size_t kMost = 30;

  /// Events of some four thousand bytes, into room for forty thousand.
  static void expect_refusal(const tests::NatsServer& server, const std::string& advice) {
    const auto store = *open(*connect({.urls = {server.url()}}), *Namespace::parse("prod.eu"), {});
    const Event event{.event_type = "OrderPlaced",
                      .actor_id = "order-1",
                      .data = Data::json('"' + std::string(4'000, 'x') + '"')};
    std::size_t stored = 0;
    Result<Appended> appended;
    while (stored < kMost && (appended = store->append(event))) ++stored;

    ASSERT_THAT(appended, FailsWith(Errc::unavailable));
    EXPECT_THAT(appended.error().message, HasSubstr(advice));
    EXPECT_GT(stored, 3U);
    EXPECT_EQ(store->read("order-1")->size(), stored);
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, NoRoomTest, tests::kVersions, tests::version_name);

TEST_P(NoRoomTest, AFullServerRefusesAndLosesNothing) {
  const tests::NatsServer server(
      {.version = GetParam(), .jetstream_config = "max_file_store: 40KB"});

  expect_refusal(server, "max_file_store");
}

TEST_P(NoRoomTest, AFullAccountRefusesAndLosesNothing) {
  const tests::NatsServer server({.version = GetParam(),
                                  .config = "accounts { SHOP { jetstream { max_file: 40KB }, "
                                            "users: [ { user: clerk, password: clerk } ] } }\n"
                                            "no_auth_user: clerk"});

  expect_refusal(server, "what the account may store");
}

}  // namespace
}  // namespace aether::nats
