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
  aether::testing::ManualClock clock;  // nobody turns it, so that a pause would not end
  options_.clock = &clock;
  options_.max_attempts = 1;
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

TEST_F(ModelRequests, ThatMeetWhatMayPassStay) {
  open("1");
  projector_ = start();
  append("order-1", "Bad");
  reach(*projector_, append("order-1", "Down"));
  is_bad_ = false;
  is_down_ = true;

  ask_for({.retry = {"order-1"}});
  ASSERT_TRUE(eventually([&] { return projector_->parked()->size() == 1; }));
  EXPECT_THAT(ask("SELECT request FROM aether_parked"), ElementsAre("retry"));
  is_down_ = false;

  EXPECT_TRUE(eventually([&] { return projector_->parked()->empty(); }));
  EXPECT_THAT(log(), ElementsAre("order-1 Bad", "order-1 Down"));
}

TEST_F(ModelRequests, ThatFailAreAskedForNoLonger) {
  park_two();
  const int before = handled_;

  ask_for({.retry = {"order-1"}});

  ASSERT_TRUE(eventually(
      [&] { return ask("SELECT request FROM aether_parked WHERE request IS NOT NULL").empty(); }));
  reach(*projector_, append("order-3"));
  EXPECT_EQ(handled_, before + 2);  // the retry, and what came
  EXPECT_EQ(list_parked(path_, "log")->front().attempts, 3U);
}

TEST_F(ModelRequests, ForAnEventThatIsGoneSaySo) {
  park_two();
  const std::string last = store_->read("order-2").value()[1]->id;
  projector_.reset();
  store_ = make_memory_event_store();  // as if its retention had removed those of order-1
  for (int i = 0; i < 3; ++i) append("order-3");
  store_->append({.id = last, .event_type = "Changed", .actor_id = "order-2"}).value();
  projector_ = start();

  ask_for({.retry = {"order-1"}});

  EXPECT_TRUE(eventually([&] {
    return ask("SELECT error FROM aether_parked WHERE actor_id = 'order-1'")[0].contains(
        "not in the store any more: drop it");
  }));
}

TEST_F(ModelRequests, OutliveTheModelThatTheyWereLeftIn) {
  park_two();
  projector_.reset();
  ask_for({.retry = {"order-1"}, .drop = {bad_}});

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  is_bad_ = false;
  projector_ = start();

  EXPECT_TRUE(eventually([&] { return projector_->parked()->size() == 1; }));
  EXPECT_THAT(log(), ElementsAre("order-1 Bad", "order-1 Changed"));
}

TEST_F(ModelRequests, ToHandleWhatWasDroppedOutliveARebuildThatDoesNot) {
  park_two();
  ASSERT_TRUE(projector_->drop(bad_));
  projector_.reset();
  ask_for({.rebuild = true, .handle_dropped = true});

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  EXPECT_EQ(list_projections(path_)->front().dropped, 1U);
  is_bad_ = false;
  projector_ = start();

  EXPECT_TRUE(eventually([&] { return list_projections(path_)->front().dropped == 0; }));
}

}  // namespace
}  // namespace aether::sqlite
