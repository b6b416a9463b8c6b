// SPDX-License-Identifier: Apache-2.0
#include "store/store_poller.hpp"

#include "store/polling_subscription.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using testing::eventually;

/// A store that another process appends to: nobody tells of its events.
class StorePollers : public ::testing::Test {
 protected:
  [[nodiscard]] EventSource source() {
    return {.read_all = [this](const Filter&, Position after, std::size_t) -> Result<Page> {
              ++reads_;
              if (is_broken_) return fail(Errc::corrupt, "gone");
              Page page{.events = {}, .next = after};
              for (Position at = after + 1; at <= end_; ++at) {
                auto event = std::make_shared<StoredEvent>();
                event->position = page.next = at;
                page.events.push_back(std::move(event));
              }
              return page;
            },
            .notifier = notifier_,
            .threads = std::make_shared<SubscriptionThreads>(),
            .poller = poller_};
  }
  void subscribe(int count) {
    for (int i = 0; i < count; ++i) {
      subscriptions_.push_back(
          start_polling(source(), {}, 0, [this](const EventPtr&) { ++delivered_; }).value());
    }
  }

  std::atomic<Position> end_ = 0;
  std::atomic<bool> is_broken_ = false;
  std::atomic<int> looks_ = 0;
  std::atomic<int> reads_ = 0;
  std::atomic<int> delivered_ = 0;
  std::shared_ptr<Notifier> notifier_ = std::make_shared<Notifier>();
  std::shared_ptr<StorePoller> poller_ = std::make_shared<StorePoller>(
      [this]() -> Result<Position> {
        ++looks_;
        if (is_broken_) return fail(Errc::corrupt, "gone");
        return end_.load();
      },
      notifier_, milliseconds(1));
  std::vector<Subscription> subscriptions_;
};

TEST_F(StorePollers, LookOnceForAllSubscriptions) {
  subscribe(100);
  ASSERT_TRUE(eventually([&] { return reads_ >= 100 && looks_ > 1; }));
  const int reads = reads_;
  const int looks = looks_;

  ASSERT_TRUE(eventually([&] { return looks_ > looks + 20; }));
  EXPECT_LE(reads_, reads + 100);  // the first look woke them, perhaps
  for (Position at = 1; at <= 3; ++at) {
    end_ = at;
    ASSERT_TRUE(eventually([&] { return delivered_ == 100 * static_cast<int>(at); }));
  }
}

TEST_F(StorePollers, DoNotLookWhileNobodyWaitsAndSeeWhatCameMeanwhile) {
  subscribe(1);
  ASSERT_TRUE(eventually([&] { return looks_ > 1; }));
  subscriptions_.clear();
  const int looks = looks_;
  const auto used = std::chrono::steady_clock::now() + milliseconds(20);
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > used; }));
  EXPECT_LE(looks_, looks + 1);

  end_ = 1;
  subscribe(1);
  EXPECT_TRUE(eventually([&] { return delivered_ == 1; }));
  end_ = 2;
  EXPECT_TRUE(eventually([&] { return delivered_ == 2; }));
}

TEST_F(StorePollers, LetEachFindOutThatTheStoreCannotBeRead) {
  subscribe(3);
  ASSERT_TRUE(eventually([&] { return looks_ > 1; }));

  is_broken_ = true;

  for (const Subscription& one : subscriptions_) {
    ASSERT_TRUE(eventually([&] { return !one.status().active; }));
    EXPECT_EQ(one.status().error->message, "gone");
  }
}

TEST_F(StorePollers, EndWithTheirStore) {
  subscribe(2);
  ASSERT_TRUE(eventually([&] { return looks_ > 1; }));

  notifier_->close();
  poller_.reset();

  for (const Subscription& one : subscriptions_) {
    ASSERT_TRUE(eventually([&] { return !one.status().active; }));
  }
}

}  // namespace
}  // namespace aether
