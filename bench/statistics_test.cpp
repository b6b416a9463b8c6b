// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace aether::bench {
namespace {

std::vector<Sample> samples(std::initializer_list<double> values) {
  std::vector<Sample> all;
  for (const double value : values) all.push_back({.value = value, .cpu_ns = value});
  return all;
}

constexpr Goal kTwiceAsFast{.kind = Goal::Kind::faster, .bound = 2};
constexpr Goal kATenth{.kind = Goal::Kind::share, .bound = 0.1};
constexpr Goal kAThousandASecond{.kind = Goal::Kind::rate, .bound = 1'000};
constexpr Goal kThreeAtMost{.kind = Goal::Kind::value_most, .bound = 3};

TEST(Quartiles, InterpolateBetweenNeighboursInAnyOrder) {
  const auto found = quartiles({40, 10, 30, 20});

  EXPECT_DOUBLE_EQ(found.low, 17.5);
  EXPECT_DOUBLE_EQ(found.median, 25);
  EXPECT_DOUBLE_EQ(found.high, 32.5);
}

TEST(Quartiles, OfOneValueAreThatValue) {
  const auto found = quartiles({7});

  EXPECT_DOUBLE_EQ(found.low, 7);
  EXPECT_DOUBLE_EQ(found.median, 7);
  EXPECT_DOUBLE_EQ(found.high, 7);
}

TEST(Ratio, IsTakenPairByPairNotFromTheMedians) {
  // The machine became ten times slower in the last pair: each pair's ratio is still 2.
  const Runs runs{.ours = samples({10, 12, 100}), .reference = samples({20, 24, 200})};

  EXPECT_DOUBLE_EQ(ratio(runs, Goal::Kind::faster).low, 2);
  EXPECT_DOUBLE_EQ(ratio(runs, Goal::Kind::faster).high, 2);
  EXPECT_DOUBLE_EQ(cpu_ratio(runs, Goal::Kind::faster), 2);
}

TEST(Ratio, OfAShareIsTheOtherWayUp) {
  const Runs runs{.ours = samples({5}), .reference = samples({100})};

  EXPECT_DOUBLE_EQ(ratio(runs, Goal::Kind::share).median, 0.05);
}

TEST(Ratio, OfCpuTimesIsZeroWhereNoneWasMeasured) {
  const Runs runs{.ours = {{.value = 1}}, .reference = {{.value = 2}}};

  EXPECT_DOUBLE_EQ(cpu_ratio(runs, Goal::Kind::faster), 0);
}

TEST(Judge, AMedianAtTheBoundMeetsTheGoal) {
  const Runs runs{.ours = samples({10, 10, 10}), .reference = samples({15, 20, 40})};

  EXPECT_EQ(judge(kTwiceAsFast, runs), Verdict::met);
}

TEST(Judge, IsUnclearWhereOnlyTheBetterQuartileMeetsTheGoal) {
  const Runs faster{.ours = samples({10, 10, 10, 10}), .reference = samples({15, 18, 19, 50})};
  const Runs share{.ours = samples({5, 11, 12, 13}), .reference = samples({100, 100, 100, 100})};

  EXPECT_EQ(judge(kTwiceAsFast, faster), Verdict::unclear);
  EXPECT_EQ(judge(kATenth, share), Verdict::unclear);
}

TEST(Judge, MissesWhereNotEvenTheBetterQuartileMeetsTheGoal) {
  const Runs runs{.ours = samples({10, 10, 10}), .reference = samples({12, 15, 16})};

  EXPECT_EQ(judge(kTwiceAsFast, runs), Verdict::missed);
}

TEST(Judge, ARateBoundsNanosecondsFromAbove) {
  EXPECT_EQ(judge(kAThousandASecond, {.ours = samples({999'999}), .reference = {}}), Verdict::met);
  EXPECT_EQ(judge(kAThousandASecond, {.ours = samples({1'000'001}), .reference = {}}),
            Verdict::missed);
}

TEST(Judge, AValueIsBoundedWhateverTheReference) {
  EXPECT_EQ(judge(kThreeAtMost, {.ours = samples({3}), .reference = {}}), Verdict::met);
  EXPECT_EQ(judge(kThreeAtMost, {.ours = samples({4}), .reference = {}}), Verdict::missed);
}

TEST(Judge, ARatioWithoutAReferenceIsNotMeasured) {
  EXPECT_EQ(judge(kTwiceAsFast, {.ours = samples({1}), .reference = {}}), Verdict::not_measured);
  EXPECT_EQ(judge(Goal{}, {}), Verdict::not_measured);
}

TEST(Judge, WithoutAGoalItIsReported) {
  EXPECT_EQ(judge(Goal{}, {.ours = samples({1}), .reference = {}}), Verdict::reported);
}

}  // namespace
}  // namespace aether::bench
