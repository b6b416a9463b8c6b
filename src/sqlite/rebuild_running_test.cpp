// SPDX-License-Identifier: Apache-2.0
#include "sqlite/file_lock.hpp"
#include "sqlite/rebuild_fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>

namespace aether::sqlite {
namespace {

using aether::testing::eventually;
using aether::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

TEST_F(RunningRebuilds, LetTheProgressCallbackAskTheModel) {
  make_old(10);
  rebuild_.progress_interval = std::chrono::milliseconds(0);
  rebuild_.progress = [&](const RebuildProgress&) {
    EXPECT_FALSE(model_->is_outdated());
    EXPECT_THAT(model_->kept().value(), SizeIs(1));
  };

  auto done = std::async(std::launch::async, [&] { return rebuild(*store_, *model_, rebuild_); });

  ASSERT_EQ(done.wait_for(aether::testing::patience()), std::future_status::ready);
  EXPECT_TRUE(done.get());
}

TEST_F(RunningRebuilds, LetAProjectorBeStoppedWhileItIsHeldUp) {
  make_old(10);
  auto projector = start();
  auto twin = model_->make_twin({}).value();
  aether::testing::Gate held;
  aether::testing::Gate go;
  auto taken = std::async(std::launch::async, [&] {
    return model_->take_over(*twin, [&](const auto&) -> Result<void> {
      held.open();
      if (!go.pass()) return {};
      return fail(Errc::closed, "never");
    });
  });
  ASSERT_TRUE(held.pass());
  append("order-1");
  ASSERT_TRUE(eventually([&] { return projector->status().retries > 0; }));
  EXPECT_THAT(model_->load({.name = "log"}), FailsWith(Errc::unavailable));

  auto stopped = std::async(std::launch::async, [&] { projector->stop(); });

  EXPECT_EQ(stopped.wait_for(aether::testing::patience() / 2), std::future_status::ready);
  go.open();
  EXPECT_THAT(taken.get(), FailsWith(Errc::closed));
  projector = start();
  reach(*projector, append("order-1"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("12"));
}

TEST_F(RunningRebuilds, DoNotWaitForWhatTheNewModelTriesAgainBehindThem) {
  make_old(10);
  is_down_ = true;
  append("order-1", "Down");  // which the old one has not reached
  rebuild_.projector.batch = 1;

  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, 10U);
}

TEST_F(RunningRebuilds, GiveUpTheirTwinWhenItsFileIsClosed) {
  open("1");
  Position last = 0;
  for (int i = 0; i < 5'000; ++i) last = append(std::string(250, 'x'));
  reach(*start(), last);
  auto twin = model_->make_twin({.anew = true}).value();
  reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), last);
  auto next = std::async(std::launch::async, [&] {
    auto made = model_->make_twin({.anew = true});
    while (!made && made.error().message.contains("rebuilt already")) {
      made = model_->make_twin({.anew = true});
    }
    return made;
  });

  twin.reset();  // its log goes into the file, and is removed: that takes a while

  const auto made = next.get();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(std::filesystem::exists(path_ + ".rebuild-wal")) << "the new one's log is gone";
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
  EXPECT_THAT(describe_model(path_)->rebuild_error, HasSubstr("\"Bad\" of \"order-1\""));
  EXPECT_TRUE(eventually([&] { return projector->status().rebuild_error.has_value(); }));
  EXPECT_TRUE(told);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("4"));

  is_bad_ = false;
  ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true}));
  EXPECT_TRUE(eventually([&] { return !describe_model(path_)->rebuild; }));
  EXPECT_EQ(describe_model(path_)->rebuild_error, "");
  EXPECT_TRUE(eventually([&] { return !projector->status().rebuild_error; }));
}

TEST_F(RunningRebuilds, OutliveWhatPassesAndEndAfterSoManyTries) {
  make_old(3);
  for (const bool passes : {true, false}) {
    const std::string origin = describe_model(path_)->origin;
    options_.max_attempts = passes ? 1'000'000 : 3;
    const auto projector = start();
    std::optional<FileLock> other = FileLock::acquire(path_ + ".rebuild").value();  // a process

    ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true}));

    ASSERT_TRUE(eventually(
        [&] { return std::stoi(ask("SELECT rebuild_tries FROM aether_model")[0]) >= 3; }));
    EXPECT_EQ(describe_model(path_)->rebuild, passes);
    EXPECT_THAT(describe_model(path_)->rebuild_error, HasSubstr("is open for writing by process"));
    other.reset();
    if (passes) {
      EXPECT_TRUE(eventually([&] { return describe_model(path_)->origin != origin; }));
    }
    EXPECT_FALSE(describe_model(path_)->rebuild);
  }
}

TEST_F(RunningRebuilds, TellWhatTheNewModelWaitsFor) {
  make_old(3);
  append("order-1", "Down");
  reach(*start(), append("order-1"));
  is_down_ = true;
  const auto projector = start();

  ASSERT_TRUE(request_of_projector(path_, "log", {.rebuild = true}));

  EXPECT_TRUE(eventually([&] {
    const auto rebuild = projector->status().rebuild;
    return rebuild && rebuild->retrying && rebuild->retrying->message == "down";
  }));
}

}  // namespace
}  // namespace aether::sqlite
