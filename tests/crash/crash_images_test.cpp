// SPDX-License-Identifier: Apache-2.0
#include "crash_images.hpp"

#include "settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

namespace aether::crash {
namespace {

ImageTotals cut_power(const std::string& synchronous, std::size_t commits, std::size_t images) {
  ImageTotals totals;
  for (std::uint64_t one = seed(); totals.images < images; ++one) {
    const Recording recording =
        record_workload({.seed = one, .commits = commits, .synchronous = synchronous});
    EXPECT_EQ(recording.error, "") << "seed " << one;
    if (!recording.error.empty()) break;
    // A recording gives at most about a third of a small test's images: several lives are seen.
    const std::size_t share = std::max<std::size_t>(images / 3, 1);
    totals += try_images(recording, {.seed = one, .max_images = std::max(share, std::size_t{300})});
  }
  std::cout << "synchronous=" << synchronous << ": " << totals.text() << "\n";
  return totals;
}

TEST(PowerCut, LosesNothingAcknowledgedAndLeavesNothingInPart) {
  const ImageTotals totals = cut_power("FULL", 60, image_count());

  EXPECT_GE(totals.images, image_count());
  EXPECT_GT(totals.torn_writes, totals.images / 10);
  EXPECT_EQ(totals.with_loss, 0U) << totals.first;
  EXPECT_EQ(totals.with_corruption, 0U) << totals.first;
}

// The first moments of a store have ways to fail of their own: a file without a page, a page
// without a schema, a journal instead of a log.
TEST(PowerCut, WhileTheStoreIsMadeLeavesOneThatCanBeOpened) {
  const Recording recording = record_workload({.seed = seed(), .commits = 1});
  ASSERT_EQ(recording.error, "");

  const ImageTotals totals = try_images(recording, {.seed = seed(), .random_images = 20});

  std::cout << "creation: " << totals.text() << "\n";
  EXPECT_GT(totals.images, 100U);
  EXPECT_EQ(totals.with_loss + totals.with_corruption, 0U) << totals.first;
}

TEST(PowerCut, TheSameSeedGivesTheSameWrites) {
  const Recording one = record_workload({.seed = seed(), .commits = 20});
  const Recording other = record_workload({.seed = seed(), .commits = 20});

  ASSERT_EQ(one.records.size(), other.records.size());
  EXPECT_TRUE(std::ranges::equal(one.records, other.records, [](const Record& a, const Record& b) {
    return a.kind == b.kind && a.file == b.file && a.offset == b.offset &&
           a.data.size() == b.data.size();
  }));
}

// The proof that the tests above can fail.
TEST(PowerCut, FindsTheLossThatNormalAllows) {
  const ImageTotals totals = cut_power("NORMAL", 30, 150);

  EXPECT_GT(totals.with_loss, 0U);
}

TEST(PowerCut, FindsTheDamageThatOffAllows) {
  const ImageTotals totals = cut_power("OFF", 30, 150);

  EXPECT_GT(totals.with_loss, 0U);
  EXPECT_GT(totals.with_corruption, 0U);
}

}  // namespace
}  // namespace aether::crash
