// SPDX-License-Identifier: Apache-2.0
#include "sqlite/rebuild_fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace aether::sqlite {
namespace {

using aether::testing::eventually;
using aether::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Events that were given up for good, and what becomes of them in a model made anew.
class Drops : public RebuildFixture {
 protected:
  //// order-9 has an event that was dropped, and one behind it that was applied.
  void drop_one() {
    make_old(3);
    projector_ = start();
    bad_ = append("order-9", "Bad");
    reach(*projector_, append("order-9", "Later"));
    ASSERT_TRUE(projector_->drop(bad_));
    ASSERT_TRUE(projector_->retry("order-9"));
  }
  [[nodiscard]] std::vector<std::string> log_of_nine() const {
    return ask("SELECT type FROM log WHERE actor = 'order-9' ORDER BY rowid");
  }

  std::unique_ptr<Projector> projector_;
  Position bad_ = 0;
};

TEST_F(Drops, AreKeptInATable) {
  drop_one();

  EXPECT_THAT(
      ask("SELECT name || ' ' || event_id || ' ' || position || ' ' || actor_id || ' ' || "
          "version || ' ' || event_type || ' ' || error FROM aether_dropped"),
      ElementsAre("log " + store_->read("order-9").value()[0]->id + " 4 order-9 1 Bad bad"));
  EXPECT_EQ(list_projections(path_).value()[0].dropped, 1U);
}

TEST_F(Drops, HoldInARebuiltModelWhetherItsHandlerFailsOrNot) {
  drop_one();

  for (const bool is_bad : {true, false}) {
    is_bad_ = is_bad;
    const auto report = rebuild(*store_, *model_, rebuild_);

    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->parked, 0U);
    EXPECT_THAT(log_of_nine(), ElementsAre("Later"));
    EXPECT_THAT(ask("SELECT position FROM aether_dropped"), ElementsAre("4"));
  }
}

TEST_F(Drops, HoldUnderOtherPartitions) {
  drop_one();
  for (std::uint32_t i = 0; i < 3; ++i) {
    rebuild_.projections.push_back({.name = "log", .partition = {i, 3}});
  }

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(log_of_nine(), ElementsAre("Later"));
}

TEST_F(Drops, AreHandledAgainWhereARebuildIsAskedTo) {
  drop_one();
  is_bad_ = false;
  rebuild_.handle_dropped = true;

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(log_of_nine(), ElementsAre("Bad", "Later"));
  EXPECT_THAT(ask("SELECT * FROM aether_dropped"), IsEmpty());
}

TEST_F(Drops, ThatFailAgainWhereARebuildIsAskedToHandleThemAreParked) {
  drop_one();
  rebuild_.handle_dropped = true;
  rebuild_.allow_parked = true;  // for what is behind it, and is applied

  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->parked, 2U);
}

TEST_F(Drops, AreHandledAgainByTheProjectorThatIsAsked) {
  drop_one();
  is_bad_ = false;

  ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true, .handle_dropped = true}));

  EXPECT_TRUE(eventually([&] { return ask("SELECT * FROM aether_dropped").empty(); }));
  EXPECT_THAT(log_of_nine(), ElementsAre("Bad", "Later"));
}

TEST_F(Drops, OfWhatAnInterruptedRebuildHasParkedHoldToo) {
  drop_one();
  is_bad_ = true;
  {
    auto twin = model_->make_twin({.handle_dropped = true}).value();
    const auto feeding = start_projector(*store_, *twin, {.name = "log"}, options_).value();
    reach(*feeding, bad_ + 1);
    ASSERT_EQ(feeding->status().parked, 2U);
  }

  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, 1U);  // what was behind it
  EXPECT_THAT(log_of_nine(), ElementsAre("Later"));
}

TEST_F(Drops, OfWhatAnInterruptedRebuildHasAppliedMakeTheNextBeginAnew) {
  drop_one();
  is_bad_ = false;
  {
    auto twin = model_->make_twin({.handle_dropped = true}).value();
    reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), bad_ + 1);
  }

  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, 4U);
  EXPECT_THAT(log_of_nine(), ElementsAre("Later"));
}

TEST_F(Drops, WhileTheModelIsMadeAnewHoldInTheNewOne) {
  make_old(3);
  projector_ = start();
  bad_ = append("order-9", "Bad");
  reach(*projector_, bad_);
  auto twin = model_->make_twin({}).value();
  reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), bad_);

  ASSERT_TRUE(model_->take_over(*twin, [](const auto&) { return Result<void>(); }));
  EXPECT_THAT(ask("SELECT * FROM aether_dropped"), IsEmpty());
  twin.reset();
  twin = model_->make_twin({}).value();
  reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), bad_);
  ASSERT_TRUE(projector_->drop(bad_));
  ASSERT_TRUE(model_->take_over(*twin, [](const auto&) { return Result<void>(); }));

  EXPECT_THAT(ask("SELECT position FROM aether_dropped"), ElementsAre("4"));
  EXPECT_THAT(ask("SELECT * FROM aether_parked"), IsEmpty());
}

TEST_F(Drops, OfWhatTheNewModelHasAppliedMeanwhileKeepItFromTakingOver) {
  make_old(3);
  projector_ = start();
  bad_ = append("order-9", "Bad");
  reach(*projector_, bad_);
  is_bad_ = false;
  auto twin = model_->make_twin({}).value();
  reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), bad_);
  ASSERT_TRUE(projector_->drop(bad_));

  const auto taken = model_->take_over(*twin, [](const auto&) { return Result<void>(); });

  ASSERT_THAT(taken, FailsWith(Errc::unavailable));
  EXPECT_THAT(taken.error().message, HasSubstr("\"Bad\" of \"order-9\" at position 4 was dropped"));
  twin.reset();
  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  EXPECT_THAT(log_of_nine(), IsEmpty());
}

}  // namespace
}  // namespace aether::sqlite
