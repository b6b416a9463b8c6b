// SPDX-License-Identifier: Apache-2.0
#include "store/notifier.hpp"

#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace aether {
namespace {

using testing::eventually;

class Waiter final : public Activity {
 public:
  explicit Waiter(const std::shared_ptr<Executor>& executor) : Activity(executor) {}

  std::function<void()> on_turn = [] {};
  std::atomic<int> turns{0};

 private:
  bool turn() noexcept override {
    on_turn();
    ++turns;
    return false;
  }
};

class NotifierTest : public ::testing::Test {
 protected:
  std::shared_ptr<Waiter> waiter() { return std::make_shared<Waiter>(executor_); }

  /// Whether a wake-up of before would have been seen by now.
  [[nodiscard]] bool all_turns_are_over() {
    const auto last = waiter();
    last->wake();
    return eventually([&] { return last->turns == 1; });
  }

  Notifier notifier_;
  // One thread: turns come in the order of the wake-ups.
  std::shared_ptr<Executor> executor_ = Executor::make({.threads = 1, .max_threads = 1}).value();
};

TEST_F(NotifierTest, WakesOnceWhoAnnouncedItself) {
  const auto one = waiter();
  const auto other = waiter();
  notifier_.announce(*one);
  notifier_.announce(*one);
  notifier_.announce(*other);

  notifier_.notify();
  ASSERT_TRUE(eventually([&] { return one->turns == 1 && other->turns == 1; }));
  notifier_.notify();

  ASSERT_TRUE(all_turns_are_over());
  EXPECT_EQ(one->turns, 1);
}

TEST_F(NotifierTest, DoesNotWakeWhoWithdrewOrIsGone) {
  const auto withdrawn = waiter();
  const auto kept = waiter();
  notifier_.announce(*withdrawn);
  notifier_.announce(*waiter());
  notifier_.announce(*kept);

  notifier_.withdraw(*withdrawn);
  notifier_.withdraw(*withdrawn);
  notifier_.notify();

  ASSERT_TRUE(eventually([&] { return kept->turns == 1; }));
  ASSERT_TRUE(all_turns_are_over());
  EXPECT_EQ(withdrawn->turns, 0);
}

TEST_F(NotifierTest, ClosingWakesAll) {
  const auto one = waiter();
  notifier_.announce(*one);
  EXPECT_FALSE(notifier_.closed());

  notifier_.close();

  EXPECT_TRUE(notifier_.closed());
  EXPECT_TRUE(eventually([&] { return one->turns == 1; }));
}

TEST_F(NotifierTest, LosesNoWakeUp) {
  std::atomic<int> written{0};
  std::atomic<int> seen{0};
  const auto reader = waiter();
  reader->on_turn = [&] {
    notifier_.announce(*reader);
    seen = written.load();
  };
  reader->wake();
  for (int i = 1; i <= 1'500; ++i) {
    written = i;
    notifier_.notify();
    ASSERT_TRUE(eventually([&] { return seen == i; })) << "notification " << i << " was lost";
  }
  reader->stop();
}

}  // namespace
}  // namespace aether
