// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <gtest/gtest.h>

namespace aether::cli {
namespace {

using std::chrono::milliseconds;

TEST(ProgressText, SaysHowManyAndHowFast) {
  EXPECT_EQ(progress_text("verify", "event", {.done = 3'000}, milliseconds(1'500)),
            "verify: 3,000 events, 2,000 events/s");
}

TEST(ProgressText, SaysThePercentageWhereTheWholeIsKnown) {
  const Advance half{.done = 10, .part = 50, .whole = 99};

  EXPECT_EQ(progress_text("append", "event", half, milliseconds(1'000)),
            "append: 50 %, 10 events, 10 events/s");
}

TEST(ProgressText, NeverClaimsMoreThanAll) {
  const Advance grown{.done = 1, .part = 200, .whole = 100};  // the input grew meanwhile

  EXPECT_EQ(progress_text("append", "event", grown, milliseconds(0)), "append: 100 %, 1 event");
}

}  // namespace
}  // namespace aether::cli
