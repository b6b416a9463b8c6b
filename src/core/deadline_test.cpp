// SPDX-License-Identifier: Apache-2.0
#include "core/deadline.hpp"

#include <gtest/gtest.h>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(DeadlineAfter, LiesInTheFutureForEveryTimeout) {
  const auto before = steady_clock::now();
  const auto longest = deadline_after(milliseconds::max());
  const auto second = deadline_after(milliseconds(1'000));
  const auto after = steady_clock::now();

  EXPECT_GT(longest, after + std::chrono::years(50));
  EXPECT_GE(second, before + milliseconds(1'000));
  EXPECT_LE(second, after + milliseconds(1'000));
}

TEST(DeadlineAfter, IsNowForWhatIsNegative) {
  for (const milliseconds timeout : {milliseconds(-1), milliseconds::min()}) {
    const auto before = steady_clock::now();
    const auto deadline = deadline_after(timeout);
    EXPECT_GE(deadline, before);
    EXPECT_LE(deadline, steady_clock::now());
  }
}

}  // namespace
}  // namespace aether
