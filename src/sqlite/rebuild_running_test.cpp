// SPDX-License-Identifier: Apache-2.0
#include "sqlite/rebuild_fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace aether::sqlite {
namespace {

using aether::testing::eventually;
using aether::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Rebuilds of a model that a projector feeds, and tells of.
using RunningRebuilds = RebuildFixture;

TEST_F(RunningRebuilds, TellTheRunningProjectorWhatIsParkedNow) {
  make_old(3);
  const auto projector = start();
  reach(*projector, append("order-1", "Bad"));
  ASSERT_THAT(projector->parked().value(), SizeIs(1));
  is_bad_ = false;

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  reach(*projector, append("order-1"));

  ASSERT_TRUE(eventually([&] { return projector->parked().value().empty(); }));
  EXPECT_THAT(ask("SELECT type FROM log WHERE actor = 'order-1' ORDER BY rowid DESC LIMIT 2"),
              ElementsAre("Changed", "Bad"));
}

TEST_F(RunningRebuilds, LeaveNoRevisionThatAProjectorOfTheOldModelKnows) {
  make_old(3);
  for (int i = 0; i < 5; ++i) reach(*start(), append("order-1"));
  const std::uint64_t before = model_->kept().value()[0].state.revision;

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));  // in fewer steps

  EXPECT_GT(model_->kept().value()[0].state.revision, before);
}

TEST_F(RunningRebuilds, LetAnOrderToTheRunningProjectorMeanTheNewModel) {
  make_old(3);
  const auto projector = start();
  reach(*projector, append("order-1", "Bad"));
  is_bad_ = false;
  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(projector->retry("order-1"), FailsWith(Errc::not_found));  // it is not parked there
  EXPECT_THAT(projector->parked().value(), IsEmpty());
}

TEST_F(RunningRebuilds, AreDoneByTheProjectorThatIsAsked) {
  make_old(20);
  const auto projector = start();
  const auto other = start();  // both find the request
  handled_ = 0;

  ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true}));

  ASSERT_TRUE(eventually([&] { return ask("SELECT rebuild FROM aether_model")[0] == "0"; }));
  EXPECT_GE(handled_, 20);
  reach(*projector, append("order-1"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("21"));
  EXPECT_TRUE(eventually([&] { return !twin_is_there(); }));
}

TEST_F(RunningRebuilds, ThatCannotBeDoneByTheProjectorAreAnsweredToo) {
  is_bad_ = false;
  make_old(3);
  std::atomic<bool> told = false;
  options_.log = [&](LogLevel, std::string_view what) {
    if (what.find("could not rebuild the read model") != std::string_view::npos) told = true;
  };
  const auto projector = start();
  reach(*projector, append("order-1", "Bad"));
  is_bad_ = true;

  ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true}));

  ASSERT_TRUE(eventually([&] { return ask("SELECT rebuild FROM aether_model")[0] == "0"; }));
  EXPECT_TRUE(told);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("4"));
}

}  // namespace
}  // namespace aether::sqlite
