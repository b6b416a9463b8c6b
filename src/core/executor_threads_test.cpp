// SPDX-License-Identifier: Apache-2.0
#include "core/executor.hpp"
#include "core/test_work.hpp"
#include "testing/threads.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::eventually;
using testing::Gate;
using testing::threads_of_this_process;

/// How often any thread of this process has gone to sleep.
long sleeps_of_this_process() {
  long sleeps = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      constexpr std::string_view kKey = "voluntary_ctxt_switches:";
      if (line.starts_with(kKey)) sleeps += std::stol(line.substr(kKey.size()));
    }
  }
  return sleeps;
}

TEST(ExecutorThreads, TurnsThatBlockHoldUpNobodyElse) {
  const auto executor = make({.threads = 2, .idle = milliseconds(20)});
  Gate gate;
  std::vector<std::shared_ptr<Work>> held_up;
  for (int i = 0; i < 30; ++i) held_up.push_back(blocked(executor, gate));
  Counted other(executor);

  for (int i = 1; i <= 10; ++i) {
    other.work->wake();
    ASSERT_TRUE(eventually([&] { return *other.turns == i; }));
  }
  EXPECT_GE(executor->threads(), 31U);
  gate.open();

  EXPECT_TRUE(eventually([&] { return executor->threads() == 2; })) << "the stand-ins leave";
}

TEST(ExecutorThreads, ThereAreAtMostAsManyThreadsAsAllowed) {
  const auto executor = make({.threads = 1, .max_threads = 4, .patience = milliseconds(1)});
  Gate gate;
  std::atomic<int> inside{0};
  std::atomic<int> done{0};
  std::vector<std::shared_ptr<Work>> works;
  for (int i = 0; i < 10; ++i) {
    works.push_back(activity(executor, [&] {
      ++inside;
      EXPECT_TRUE(gate.pass());
      ++done;
      return false;
    }));
    works.back()->wake();
  }
  ASSERT_TRUE(eventually([&] { return inside == 4; }));
  // Not to wait for anything: this is the time in which others could begin, and must not.
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(inside, 4);
  EXPECT_EQ(executor->threads(), 4U);

  gate.open();

  EXPECT_TRUE(eventually([&] { return done == 10; }));
}

TEST(ExecutorThreads, TurnsThatComputeForLongHoldUpNobodyEither) {
  const auto executor = make({.threads = 2, .patience = milliseconds(1)});
  std::atomic<bool> end{false};
  std::vector<std::shared_ptr<Work>> works;
  for (int i = 0; i < 2; ++i) {
    works.push_back(activity(executor, [&] {
      while (!end) {
      }
      return false;
    }));
    works.back()->wake();
  }
  Counted other(executor);
  other.work->wake();

  EXPECT_TRUE(eventually([&] { return *other.turns == 1; }));
  end = true;
}

TEST(ExecutorThreads, ManyShortTurnsAddNoThread) {
  const auto executor = make({.threads = 2});
  std::atomic<bool> end{false};
  std::vector<std::shared_ptr<Work>> works;
  for (int i = 0; i < 50; ++i) {
    works.push_back(activity(executor, [&] { return !end; }));
    works.back()->wake();
  }
  const auto until = steady_clock::now() + milliseconds(100);
  std::size_t most = 0;
  while (steady_clock::now() < until) most = std::max(most, executor->threads());
  end = true;

  EXPECT_EQ(most, 2U);
}

TEST(ExecutorThreads, WithNothingToDoNothingRuns) {
  const auto executor = make();
  Counted counted(executor);
  counted.work->wake();
  counted.work->wake_after(milliseconds::max());
  ASSERT_TRUE(eventually([&] { return *counted.turns == 1; }));
  // Until a look for work has ended, and a sleeping thread's last look.
  std::this_thread::sleep_for(milliseconds(20));

  const long before = sleeps_of_this_process();
  std::this_thread::sleep_for(milliseconds(100));  // of which one sleep is this one

  EXPECT_LE(sleeps_of_this_process() - before, 2);
}

TEST(ExecutorThreads, ItsEndJoinsItsThreads) {
  const std::size_t before = threads_of_this_process();
  {
    const auto executor = make({.threads = 3});
    Counted counted(executor);
    counted.work->wake_after(milliseconds::max());
    EXPECT_GT(threads_of_this_process(), before);
  }
  // A joined thread is gone for us a moment before it is for the system.
  EXPECT_TRUE(eventually([&] { return threads_of_this_process() == before; }));
}

TEST(ExecutorThreads, ItMayEndOnOneOfItsOwnThreads) {
  const std::size_t before = threads_of_this_process();
  for (int round = 0; round < 50; ++round) {
    Gate assigned;
    std::atomic<bool> done{false};
    std::shared_ptr<Work> work;
    work = std::make_shared<Work>(make({.threads = 2}), [&] {
      EXPECT_TRUE(assigned.pass());
      std::exchange(work, nullptr)->stop();
      done = true;
      return false;
    });
    const std::weak_ptr<Work> kept = work;
    if (round % 2 == 0) {
      work->wake();
    } else {
      work->wake_after(milliseconds(0));
    }
    assigned.open();
    ASSERT_TRUE(eventually([&] { return done && kept.expired(); }));
  }
  EXPECT_TRUE(eventually([&] { return threads_of_this_process() == before; }));
}

TEST(ExecutorThreads, ActivitiesMayComeAndGoAtAnyMoment) {
  auto executor = make({.threads = 2, .max_threads = 6, .patience = milliseconds(1)});
  const auto turns = std::make_shared<std::atomic<int>>(0);  // outlasts those that are not stopped
  testing::run_together(4, [&](std::size_t seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    for (int i = 0; i < 500; ++i) {
      const auto work = std::make_shared<Work>(executor, [turns] { return ++*turns % 7 == 0; });
      for (unsigned n = random() % 4; n > 0; --n) {
        if (random() % 2 == 0) work->wake();
        if (random() % 4 == 0) work->wake_after(milliseconds(random() % 3));
        if (random() % 8 == 0) std::this_thread::yield();
      }
      if (random() % 8 != 0) work->stop();
    }
  });
  executor.reset();
  EXPECT_GT(*turns, 0);
}

}  // namespace
}  // namespace aether
