// SPDX-License-Identifier: Apache-2.0
#include "aether/core/error.hpp"

#include <gtest/gtest.h>

namespace aether {
namespace {

TEST(Errc, HasANameThatProgramsMayCompare) {
  EXPECT_EQ(to_string(Errc::version_conflict), "version_conflict");
  EXPECT_EQ(to_string(Errc::invalid_argument), "invalid_argument");
  EXPECT_EQ(to_string(Errc::not_found), "not_found");
  EXPECT_EQ(to_string(Errc::unsupported), "unsupported");
  EXPECT_EQ(to_string(Errc::too_large), "too_large");
  EXPECT_EQ(to_string(Errc::permission_denied), "permission_denied");
  EXPECT_EQ(to_string(Errc::unavailable), "unavailable");
  EXPECT_EQ(to_string(Errc::outcome_unknown), "outcome_unknown");
  EXPECT_EQ(to_string(Errc::corrupt), "corrupt");
  EXPECT_EQ(to_string(Errc::closed), "closed");
}

TEST(Errc, OutOfItsRangeIsStillPrintable) { EXPECT_EQ(to_string(Errc{}), "unknown"); }

TEST(Fail, BecomesAnyResult) {
  const auto result = []() -> Result<int> { return fail(Errc::not_found, "No such order."); }();

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), (Error{.code = Errc::not_found, .message = "No such order."}));
}

}  // namespace
}  // namespace aether
