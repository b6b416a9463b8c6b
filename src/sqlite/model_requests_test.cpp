// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/manual_clock.hpp"
#include "sqlite/rebuild_fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether::sqlite {
namespace {

using aether::testing::eventually;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// What is left in a model for the projector that feeds it.
class ModelRequests : public RebuildFixture {
 protected:
  /// Orders 1 and 2 have an event parked, and one behind it.
  void park_two() {
    open("1");
    projector_ = start();
    append("order-1", "Bad");
    bad_ = append("order-2", "Bad");
    append("order-1");
    reach(*projector_, append("order-2"));
  }
  void ask_for(const ProjectionRequests& requests) {
    const auto asked = request_of_projector(path_, "log", requests);
    ASSERT_TRUE(asked) << asked.error().message;
  }
  [[nodiscard]] std::vector<std::string> log() const {
    return ask("SELECT actor || ' ' || type FROM log ORDER BY rowid");
  }

  std::unique_ptr<Projector> projector_;
  Position bad_ = 0;
};

TEST_F(ModelRequests, AreFoundWhateverTheClockSays) {
  aether::testing::ManualClock clock;  // nobody turns it
  options_.clock = &clock;
  park_two();
  is_bad_ = false;

  ask_for({.retry = {"order-1"}});

  EXPECT_TRUE(eventually([&] { return projector_->parked()->size() == 2; }));
  EXPECT_THAT(log(), ElementsAre("order-1 Bad", "order-1 Changed"));
}

TEST_F(ModelRequests, AreFoundWhileAStepIsTriedAgain) {
  options_.first_retry = options_.last_retry = 2 * aether::testing::patience();
  options_.max_attempts = 1;
  park_two();
  is_bad_ = false;
  is_down_ = true;
  append("order-3", "Down");
  const auto is_retrying = [&] {
    return projector_->status().state == ProjectorStatus::State::retrying;
  };
  ASSERT_TRUE(eventually(is_retrying));

  ask_for({.retry = {"order-1"}, .drop = {bad_}});

  EXPECT_TRUE(eventually([&] { return projector_->parked()->size() == 1; }));
  EXPECT_THAT(log(), ElementsAre("order-1 Bad", "order-1 Changed"));
  EXPECT_TRUE(is_retrying());
}

TEST_F(ModelRequests, ToDropComeBeforeThoseToRetry) {
  park_two();
  is_bad_ = false;

  ask_for({.retry = {"order-2"}, .drop = {bad_}});

  ASSERT_TRUE(eventually([&] { return projector_->parked()->size() == 2; }));
  EXPECT_THAT(log(), ElementsAre("order-2 Changed"));
}

}  // namespace
}  // namespace aether::sqlite
