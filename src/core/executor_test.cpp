// SPDX-License-Identifier: Apache-2.0
#include "core/executor.hpp"

#include "core/test_work.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::eventually;
using testing::Gate;

TEST(Executor, TurnsOfOneActivityDoNotOverlapAndSeeEachOthersWork) {
  constexpr int kWakers = 4;
  constexpr int kWakes = 5'000;
  std::atomic<int> given{0};
  int taken = 0;  // not atomic: the thread sanitizer sees turns that overlap
  std::atomic<bool> busy{false};
  const auto work = activity(make({.threads = 4}), [&] {
    EXPECT_FALSE(busy.exchange(true));
    taken += given.exchange(0);
    busy = false;
    return false;
  });

  testing::run_together(kWakers, [&](std::size_t) {
    for (int i = 0; i < kWakes; ++i) {
      ++given;
      work->wake();
    }
  });

  EXPECT_TRUE(eventually([&] { return given == 0; }));
  work->stop();
  EXPECT_EQ(taken, kWakers * kWakes);
}

TEST(Executor, NoWakeUpIsLost) {
  std::atomic<int> given{0};
  std::atomic<int> taken{0};
  const auto work = activity(make(), [&] {
    taken = given.load();
    return false;
  });
  for (int i = 1; i <= 5'000; ++i) {
    given = i;
    work->wake();
    // Waits at most for what comes at once, so that it hits every moment of a turn's end.
    const auto begin = steady_clock::now();
    while (taken != i) {
      ASSERT_LT(steady_clock::now() - begin, testing::patience()) << "wake-up " << i << " was lost";
    }
  }
  work->stop();
}

TEST(Executor, AnActivityThatWakesItselfHasAnotherTurn) {
  std::atomic<int> turns{0};
  std::shared_ptr<Work> work;
  work = activity(make(), [&] {
    if (++turns < 100) work->wake();
    return false;
  });
  work->wake();

  EXPECT_TRUE(eventually([&] { return turns == 100; }));
  work->stop();
}

TEST(Executor, OneThatHasMoreToDoGoesToTheEndOfTheLine) {
  const auto executor = make({.threads = 1, .max_threads = 1});
  Gate gate;
  const auto before = blocked(executor, gate);
  std::string order;
  std::vector<std::shared_ptr<Work>> works;
  for (const char name : {'a', 'b', 'c'}) {
    works.push_back(activity(executor, [&order, name, left = 3]() mutable {
      order += name;
      return --left > 0;
    }));
    works.back()->wake();
  }
  Gate done;
  const auto after = activity(executor, [&] {
    if (order.size() == 9) done.open();
    return order.size() < 9;
  });
  after->wake();

  gate.open();

  ASSERT_TRUE(done.pass());
  after->stop();
  EXPECT_EQ(order, "abcabcabc");
}

TEST(Executor, StoppingWaitsForATurnAndNoOtherBegins) {
  Gate running;
  std::atomic<bool> done{false};
  std::atomic<int> turns{0};
  const auto work = activity(make(), [&] {
    ++turns;
    running.open();
    // Not to wait for anything: this is the work that whoever stops has to wait for.
    std::this_thread::sleep_for(milliseconds(30));
    done = true;
    return true;
  });
  work->wake();
  ASSERT_TRUE(running.pass());

  testing::run_together(3, [&](std::size_t) {
    work->stop();
    EXPECT_TRUE(done);
  });
  work->wake();
  work->wake_after(milliseconds(0));

  Counted witness(make());
  witness.work->wake();
  EXPECT_TRUE(eventually([&] { return *witness.turns == 1; }));
  EXPECT_EQ(turns, 1);
}

TEST(Executor, WhatWaitsForATurnMayBeStopped) {
  const auto executor = make({.threads = 1, .max_threads = 1});
  Gate gate;
  const auto before = blocked(executor, gate);
  Counted stopped(executor);
  Counted witness(executor);
  stopped.work->wake();
  witness.work->wake();

  stopped.work->stop();
  gate.open();

  ASSERT_TRUE(eventually([&] { return *witness.turns == 1; }));
  EXPECT_EQ(*stopped.turns, 0);
}

TEST(Executor, ATurnMayStopAndLetGoOfItsActivity) {
  std::atomic<int> turns{0};
  Gate assigned;
  Gate stopped;
  std::shared_ptr<Work> work;
  work = std::make_shared<Work>(make(), [&] {
    EXPECT_TRUE(assigned.pass());
    ++turns;
    EXPECT_TRUE(work->in_turn());
    work->stop();
    work->wake();
    work.reset();
    stopped.open();
    return true;
  });
  const std::weak_ptr<Work> kept = work;
  work->wake();
  assigned.open();

  ASSERT_TRUE(stopped.pass());
  EXPECT_TRUE(eventually([&] { return kept.expired(); }));
  EXPECT_EQ(turns, 1);
}

TEST(Executor, ATimerWakesWhenItsTimeHasCome) {
  Counted counted(make());
  const auto begin = steady_clock::now();

  counted.work->wake_after(milliseconds(20));

  ASSERT_TRUE(eventually([&] { return *counted.turns == 1; }));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
}

TEST(Executor, TheLastTimerCounts) {
  const auto executor = make();
  Counted sooner(executor);
  Counted later(executor);
  Counted witness(executor);
  sooner.work->wake_after(milliseconds::max());
  later.work->wake_after(milliseconds(1));
  const auto begin = steady_clock::now();

  sooner.work->wake_after(milliseconds(1));
  later.work->wake_after(milliseconds(60));
  witness.work->wake_after(milliseconds(20));

  ASSERT_TRUE(eventually([&] { return *sooner.turns == 1; }));
  ASSERT_TRUE(eventually([&] { return *later.turns >= 1; }));
  // The first time of `later` may have come before the second was set.
  if (*later.turns == 1) {
    EXPECT_GE(steady_clock::now() - begin, milliseconds(60));
  }
  EXPECT_EQ(*witness.turns, 1) << "timers come in the order of their times";
}

TEST(Executor, ATimerNeitherKeepsItsActivityNorOutlastsItsStop) {
  const auto executor = make();
  std::weak_ptr<Work> gone;
  {
    const auto work = std::make_shared<Work>(executor, [] { return false; });
    work->wake_after(milliseconds::max());
    gone = work;
  }
  Counted stopped(executor);
  stopped.work->wake_after(milliseconds(5));
  stopped.work->stop();
  Counted witness(executor);
  witness.work->wake_after(milliseconds(10));

  EXPECT_TRUE(gone.expired());
  ASSERT_TRUE(eventually([&] { return *witness.turns == 1; }));
  EXPECT_EQ(*stopped.turns, 0);
}

}  // namespace
}  // namespace aether
