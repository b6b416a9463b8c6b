// SPDX-License-Identifier: Apache-2.0
#include "aether/core/scheduler.hpp"

#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <thread>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::Gate;

std::shared_ptr<Scheduler> scheduler() {
  auto made = make_scheduler();
  EXPECT_THAT(made, testing::Succeeds());
  return std::move(*made);
}

TEST(SchedulerTest, TellsTheTimeSinceBoot) {
  const auto clock = [] {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto tasks = scheduler();

  const BootTime before = clock();
  const BootTime told = tasks->now();

  EXPECT_LE(before, told);
  EXPECT_LE(told, clock());
}

TEST(SchedulerTest, RunsInTheOrderOfTimesThenOfPosting) {
  std::vector<int> order;  // only the scheduler's thread writes until `done` is open
  Gate done;
  const auto tasks = scheduler();

  tasks->post([&] {  // within a task nothing else runs, so all of these are posted before
    tasks->post_after(milliseconds(20), [&] { order.push_back(4); });
    tasks->post_after(milliseconds(30), [&] { done.open(); });
    tasks->post_after(milliseconds(10), [&] { order.push_back(3); });
    tasks->post([&] { order.push_back(1); });
    tasks->post_after(milliseconds(-5), [&] { order.push_back(2); });
  });

  ASSERT_TRUE(done.pass());
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

TEST(SchedulerTest, RunsNothingBeforeItsTime) {
  Gate done;
  const auto tasks = scheduler();
  BootTime ran{};
  const BootTime posted = tasks->now();

  tasks->post_after(milliseconds(25), [&] {
    ran = tasks->now();
    done.open();
  });

  ASSERT_TRUE(done.pass());
  EXPECT_GE(ran - posted, milliseconds(25));
}

TEST(SchedulerTest, AnEarlierTaskWakesAThreadThatSleepsForALaterOne) {
  Gate done;
  const auto tasks = scheduler();
  tasks->post_after(std::chrono::hours(1), [] {});
  tasks->post_after(std::chrono::nanoseconds::max(), [] {});

  std::this_thread::yield();
  tasks->post_after(milliseconds(1), [&] { done.open(); });

  EXPECT_TRUE(done.pass());
}

TEST(SchedulerTest, TasksOfManyThreadsRunOneAtATime) {
  const auto tasks = scheduler();
  std::atomic<int> running{0};
  std::atomic<int> ran{0};
  std::atomic<bool> overlapped{false};

  testing::run_together(4, [&](std::size_t) {
    for (int i = 0; i < 500; ++i) {
      tasks->post([&] {
        if (++running != 1) overlapped = true;
        --running;
        ++ran;
      });
    }
  });

  EXPECT_TRUE(testing::eventually([&] { return ran == 2'000; }));
  EXPECT_FALSE(overlapped);
}

TEST(SchedulerTest, DestructionWaitsForTheTaskThatRunsAndRunsNoOther) {
  auto tasks = scheduler();
  Gate running;
  std::atomic<bool> ended{false};
  std::atomic<bool> other{false};
  const auto held = std::make_shared<int>(1);
  tasks->post([&] {
    running.open();
    std::this_thread::sleep_for(milliseconds(20));  // the work that has to be waited for
    ended = true;
  });
  tasks->post([&, held] { other = true; });
  ASSERT_TRUE(running.pass());

  tasks.reset();

  EXPECT_TRUE(ended);
  EXPECT_FALSE(other);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(SchedulerTest, MayEndWithinATaskOfItsOwn) {
  auto tasks = scheduler();
  Gate ended;
  std::atomic<bool> other{false};
  const std::weak_ptr<Scheduler> seen = tasks;
  Scheduler* const raw = tasks.get();

  raw->post([&, kept = std::move(tasks)]() mutable {
    kept->post([&] { other = true; });
    kept.reset();
    ended.open();
  });

  ASSERT_TRUE(ended.pass());
  EXPECT_TRUE(seen.expired());
  EXPECT_FALSE(other);
}

TEST(SchedulerTest, WhatGoesWithATaskMayPost) {
  struct Poster {
    Scheduler* tasks;
    ~Poster() {
      if (tasks != nullptr) tasks->post([] {});
    }
  };
  auto tasks = scheduler();
  Gate ran;
  auto first = std::make_unique<Poster>(tasks.get());
  auto second = std::make_unique<Poster>(tasks.get());
  tasks->post([kept = std::move(first), &ran] { ran.open(); });
  tasks->post_after(std::chrono::hours(1), [kept = std::move(second)] {});
  ASSERT_TRUE(ran.pass());

  tasks.reset();  // would hang if a task were destroyed under the lock
}

/// Ends the program with 0 if a task that is at work at its exit still finds what is static.
void exit_while_a_task_works() {
  static std::atomic<bool> is_gone{false};
  static const struct Static {
    Static() = default;
    ~Static() {
      is_gone = true;
      std::this_thread::sleep_for(milliseconds(300));  // as if more than this went
    }
    Static(const Static&) = delete;
    Static& operator=(const Static&) = delete;
  } something;
  const auto tasks = scheduler();
  Gate runs;
  tasks->post([&] {
    runs.open();
    std::this_thread::sleep_for(milliseconds(100));
    if (is_gone) _exit(1);
  });
  EXPECT_TRUE(runs.pass());
  std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is what is tried
}

TEST(SchedulerTest, EndsWhenTheProgramDoes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_while_a_task_works(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace aether
