// SPDX-License-Identifier: Apache-2.0
// A stream that is made anew, or brought back from a backup, under a subscription.
#include "nats/store_fixture.hpp"
#include "nats/stream_config.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace aether::nats {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using testing::Succeeds;

class ReplacedStreamTest : public StoreFixture {
 protected:
  static constexpr std::size_t kEvents = 3;

  void SetUp() override {
    for (std::size_t i = 0; i < kEvents; ++i) {
      ASSERT_THAT(other().append(placed("", 0)), Succeeds());
    }
  }
  /// Behind the proxy, from the beginning, and at the end.
  void subscribe() {
    store_ = *open_at(proxy_.url(), {.timeout = std::chrono::milliseconds(300)});
    subscription_ = *store().subscribe({}, 0, [this](const EventPtr&) { ++seen_; });
    ASSERT_TRUE(eventually([&] { return seen_ == kEvents; }));
  }
  [[nodiscard]] bool has_trouble() const { return subscription_->status().error.has_value(); }
  void expect_that_it_ends() {
    EXPECT_TRUE(eventually([&] { return !subscription_->status().active; }));
    const auto error = subscription_->status().error;
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, Errc::corrupt);
    EXPECT_THAT(error->message, HasSubstr("made anew"));
    EXPECT_EQ(seen_, kEvents);
  }
  /// Nothing comes from the server until the subscription has noticed.
  void fall_silent() {
    proxy_.swallow([](const tests::ServerFrame& frame) { return !frame.subject.empty(); });
    ASSERT_TRUE(eventually([&] { return has_trouble(); }));
  }
  /// From now on the stream ends before the last event, the next `times` that it is asked.
  void lose_the_last(std::size_t times) {
    proxy_.replace(
        [times](const tests::ServerFrame& frame) mutable -> std::optional<tests::ServerMessage> {
          std::string content(frame.content);
          const std::string_view last = R"("last_seq":3)";
          const std::size_t at = content.find(last);
          if (at == std::string::npos || times == 0) return std::nullopt;
          --times;
          content.replace(at, last.size(), R"("last_seq":2)");
          return tests::ServerMessage{.data = content};
        });
    proxy_.swallow({});
  }

  std::atomic<std::size_t> seen_{0};
  std::optional<Subscription> subscription_;
};
INSTANTIATE_TEST_SUITE_P(Versions, ReplacedStreamTest, tests::kVersions, tests::version_name);

TEST_P(ReplacedStreamTest, ASubscriptionDoesNotGoOnInOneThatWasMadeAnew) {
  subscribe();
  ASSERT_THAT(tests::request(server_, "$JS.API.STREAM.DELETE." + event_stream_name(ns_)),
              HasSubstr(R"("success":true)"));
  ASSERT_TRUE(eventually([&] { return has_trouble(); })) << "it is missed";
  const auto anew = *open_at(server_.url());

  for (std::size_t i = 0; i < 2 * kEvents; ++i) {
    ASSERT_THAT(anew->append(placed("", 0)), Succeeds());
  }

  expect_that_it_ends();
}

TEST_P(ReplacedStreamTest, ASubscriptionDoesNotGoOnInOneThatEndsBeforeWhatItHasSeen) {
  subscribe();
  fall_silent();
  lose_the_last(1'000'000);

  expect_that_it_ends();
}

TEST_P(ReplacedStreamTest, AServerThatIsBehindForAMomentEndsNothing) {
  subscribe();
  fall_silent();
  lose_the_last(2);
  ASSERT_TRUE(eventually([&] { return proxy_.replaced() == 2; }));

  ASSERT_THAT(other().append(placed("", 0)), Succeeds());

  EXPECT_TRUE(eventually([&] { return seen_ == kEvents + 1; }));
  EXPECT_TRUE(subscription_->status().active);
}

}  // namespace
}  // namespace aether::nats
