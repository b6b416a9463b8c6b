// SPDX-License-Identifier: Apache-2.0
// Linked with what stands in for the stores that a build is without.
#include "aether/stores/stores.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether {
namespace {

using ::testing::HasSubstr;

TEST(StoresWithout, AStoreThatIsNotInTheBuildIsUnsupported) {
  const auto sqlite = open_stores("sqlite:orders.db");
  const auto nats = open_stores("nats://eva:secret@127.0.0.1:1/orders");

  ASSERT_THAT(sqlite, testing::FailsWith(Errc::unsupported));
  EXPECT_THAT(sqlite.error().message, HasSubstr("AETHER_WITH_SQLITE"));
  ASSERT_THAT(nats, testing::FailsWith(Errc::unsupported));
  EXPECT_THAT(nats.error().message, HasSubstr("AETHER_WITH_NATS"));
  EXPECT_THAT(nats.error().message, ::testing::Not(HasSubstr("secret")));
  EXPECT_THAT(open_stores("memory:"), testing::Succeeds());
}

}  // namespace
}  // namespace aether
