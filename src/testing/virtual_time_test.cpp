// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/virtual_time.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace aether::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

TEST(VirtualTimeTest, RunsTasksAtTheirTimesAndTiesInTheOrderOfPosting) {
  VirtualTime world;
  const auto a = world.scheduler();
  const auto b = world.scheduler();
  const BootTime start = world.now();
  std::vector<int> order;
  std::vector<BootTime> times;
  const auto note = [&](int which) {
    return [&, which] {
      order.push_back(which);
      times.push_back(a->now() - start);
    };
  };

  a->post_after(milliseconds(20), note(4));
  b->post_after(milliseconds(10), note(2));
  a->post_after(milliseconds(10), note(3));
  b->post(note(1));
  EXPECT_THAT(order, ElementsAre());
  world.advance(milliseconds(15));
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  world.run_until(start + milliseconds(20));

  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(times,
              ElementsAre(BootTime(0), milliseconds(10), milliseconds(10), milliseconds(20)));
  EXPECT_EQ(world.now() - start, milliseconds(20));
}

TEST(VirtualTimeTest, AClockRunsAtItsRateAndSoDoItsTasks) {
  VirtualTime world;
  const auto fast = world.scheduler(1.05);
  const BootTime start = world.now();
  ASSERT_EQ(fast->now(), start);
  BootTime ran{};
  BootTime told{};

  fast->post_after(milliseconds(105), [&] {
    ran = world.now() - start;
    told = fast->now() - start;
  });
  world.advance(milliseconds(200));

  EXPECT_GE(ran, milliseconds(100));
  EXPECT_LT(ran, milliseconds(100) + std::chrono::nanoseconds(10));
  EXPECT_GE(told, milliseconds(105));
  EXPECT_EQ(fast->now() - start, milliseconds(210));
}

TEST(VirtualTimeTest, StopsWhereAConditionHolds) {
  VirtualTime world;
  const auto node = world.scheduler();
  const BootTime start = world.now();
  int ran = 0;
  for (int i = 1; i <= 5; ++i) node->post_after(milliseconds(i), [&] { ++ran; });

  EXPECT_TRUE(world.run_until([&] { return ran == 3; }));
  EXPECT_EQ(world.now() - start, milliseconds(3));
  EXPECT_FALSE(world.run_until([&] { return ran == 6; }, hours(2)));
  EXPECT_EQ(world.now() - start, milliseconds(3) + hours(2));
}

TEST(VirtualTimeTest, ATaskThatPostsAgainAndAgainStopsWithTheTime) {
  VirtualTime world;
  const auto node = world.scheduler();
  int ran = 0;
  const std::function<void()> tick = [&] {
    ++ran;
    node->post_after(milliseconds(10), tick);
  };
  node->post(tick);

  world.advance(milliseconds(100));

  EXPECT_EQ(ran, 11);
}

TEST(VirtualTimeTest, ASchedulersTasksGoWithItAndTheWorldsWithTheWorld) {
  const auto held = std::make_shared<int>(1);
  std::shared_ptr<Scheduler> survivor;
  {
    VirtualTime world;
    auto gone = world.scheduler();
    survivor = world.scheduler();
    gone->post([held] { ADD_FAILURE() << "ran after its scheduler had gone"; });
    survivor->post([held, survivor] { ADD_FAILURE() << "ran after its world had gone"; });
    ASSERT_EQ(held.use_count(), 3);
    gone.reset();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(survivor.use_count(), 1);

  survivor->post([held] {});
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace aether::testing
