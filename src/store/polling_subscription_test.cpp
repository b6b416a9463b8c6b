// SPDX-License-Identifier: Apache-2.0
#include "store/polling_subscription.hpp"

#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stop_token>

namespace aether {
namespace {

using std::chrono::milliseconds;

TEST(Notifier, AWaitOfTheLongestTimeLastsUntilItIsWoken) {
  Notifier notifier;
  testing::Gate waiting;
  auto woken = std::async(std::launch::async, [&] {
    Notifier::Waiter waiter(notifier);
    waiting.open();
    waiter.wait(std::stop_token(), milliseconds::max());
  });
  ASSERT_TRUE(waiting.pass());

  EXPECT_EQ(woken.wait_for(milliseconds(50)), std::future_status::timeout);
  notifier.notify();
  EXPECT_EQ(woken.wait_for(testing::patience()), std::future_status::ready);
  notifier.close();  // lets the future's destructor return if that failed
}

TEST(CheckPollInterval, RefusesWhatWouldPollWithoutEnd) {
  EXPECT_THAT(check_poll_interval(milliseconds(1)), testing::Succeeds());
  EXPECT_THAT(check_poll_interval(milliseconds::max()), testing::Succeeds());
  for (const milliseconds interval : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
    EXPECT_THAT(check_poll_interval(interval), testing::FailsWith(Errc::invalid_argument));
  }
}

}  // namespace
}  // namespace aether
