// SPDX-License-Identifier: Apache-2.0
// A server that another version takes the place of, under a running store.
#include "nats/store_fixture.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace aether::nats {
namespace {

using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using tests::ServerVersion;

class OtherVersionTest : public StoreFixture {
 protected:
  static constexpr Version kBefore = 20;

  void fill() {
    for (Version version = 1; version <= kBefore; ++version) {
      ASSERT_THAT(other().append(placed(std::to_string(version), version)), Succeeds());
    }
  }
  void replace_server() {
    server_.restart_as(GetParam() == ServerVersion::v2_9 ? ServerVersion::v2_15
                                                         : ServerVersion::v2_9);
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, OtherVersionTest, tests::kVersions, tests::version_name);

TEST_P(OtherVersionTest, AStoreReadsAndAppendsAsBefore) {
  fill();
  std::atomic<std::size_t> seen{0};
  const auto subscription = other().subscribe({}, 0, [&](const EventPtr&) { ++seen; });
  ASSERT_THAT(subscription, Succeeds());
  ASSERT_TRUE(eventually([&] { return seen == kBefore; }));

  replace_server();

  EXPECT_THAT(other().append(placed("after", kBefore + 1)), Succeeds());
  EXPECT_TRUE(eventually([&] { return seen == kBefore + 1; }));
  EXPECT_EQ(other().read("order-1")->size(), kBefore + 1);
  EXPECT_EQ(other().read("order-1", {.from_version = 5, .limit = 3})->size(), 3U);
  EXPECT_EQ(other().latest_version("order-1"), kBefore + 1);
  EXPECT_EQ(stored_ids().size(), kBefore + 1);
  EXPECT_TRUE(other().read("order-2")->empty());
}

// A server below 2.12 takes the parts of a batch for messages of their own.
TEST_P(OtherVersionTest, ACommitOfSeveralActorsIsNeverAcknowledgedInPart) {
  if (GetParam() == ServerVersion::v2_9) GTEST_SKIP() << "it has no batches";
  const std::vector first{placed("a", 1, "order-1"), placed("b", 1, "order-2")};
  ASSERT_THAT(other().append(first), Succeeds());
  replace_server();

  const std::vector second{placed("c", 2, "order-1"), placed("d", 2, "order-2")};
  const auto unknown = other().append(second);

  ASSERT_THAT(unknown, FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(unknown.error().message, HasSubstr("one by one"));
  EXPECT_THAT((*open_at(server_.url()))->append(second), FailsWith(Errc::unsupported));
}

}  // namespace
}  // namespace aether::nats
