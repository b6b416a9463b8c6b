// SPDX-License-Identifier: Apache-2.0
#include "sqlite/rebuild_fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

namespace aether::sqlite {
namespace {

using namespace std::chrono_literals;
using aether::testing::eventually;
using aether::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Rebuilds = RebuildFixture;

TEST_F(Rebuilds, BringAModelToANewSchemaWhichIsReadMeanwhile) {
  make_old(20);
  open("2");

  EXPECT_TRUE(model_->is_outdated());
  const auto early = start_projector(*store_, *model_, {.name = "log"}, options_);
  ASSERT_THAT(early, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(early.error().message, HasSubstr("rebuild it first"));
  rebuild_.progress = [&](const RebuildProgress& progress) {
    EXPECT_EQ(progress.target, 20U);
    EXPECT_LE(progress.position, progress.target);
    EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("1"));
  };
  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, 20U);
  EXPECT_EQ(report->parked, 0U);
  EXPECT_FALSE(model_->is_outdated());
  EXPECT_THAT(ask("SELECT tag, count(*) FROM log GROUP BY tag"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("20"));
  EXPECT_THAT(ask("SELECT schema FROM aether_model"), ElementsAre("log/2"));
  EXPECT_FALSE(twin_is_there());
  reach(*start(), append("order-1"));
  EXPECT_THAT(ask("SELECT count(*) FROM log WHERE tag = '2'"), ElementsAre("21"));
}

TEST_F(Rebuilds, LetTheProjectorsFeedOnAndLoseNothing) {
  make_old(50);
  const auto projector = start();
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    while (!done) {  // who writes waits to see it, so that the store does not outrun its readers
      Position last = 0;
      for (int i = 0; i < 10; ++i) last = append("order-" + std::to_string(i % 7));
      reach(*projector, last);
    }
  });

  for (int i = 0; i < 5; ++i) {
    const auto report = rebuild(*store_, *model_, rebuild_);
    ASSERT_TRUE(report) << report.error().message;
  }
  done = true;
  writer.join();
  const Position last = append("order-1");
  reach(*projector, last);

  // The memory store's positions count its events.
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre(std::to_string(last)));
  EXPECT_EQ(projector->status().state, ProjectorStatus::State::running);
}

TEST_F(Rebuilds, ShowReadersTheOldModelOrTheNewOneAndNeverAMix) {
  make_old(500);
  std::atomic<bool> done = false;
  std::atomic<int> looks = 0;
  std::jthread reader([&] {
    Program program(path_);  // one that stays connected
    while (!done) {
      const auto seen = program.ask(
          "SELECT count(DISTINCT tag) || ' ' || count(*) || ' ' || "
          "(SELECT 'log/' || max(tag) = (SELECT schema FROM aether_model) FROM log) FROM log");
      EXPECT_THAT(seen, ElementsAre("1 500 1"));
      ++looks;
    }
  });
  ASSERT_TRUE(eventually([&] { return looks > 0; }));

  for (int i = 2; i < 8; ++i) {
    open(std::to_string(i));
    ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
    const int before = looks;
    ASSERT_TRUE(eventually([&] { return looks > before + 1; }));
  }
  done = true;
}

TEST_F(Rebuilds, ThatWereStoppedAreGoneOnWith) {
  make_old(100);
  append("order-1", "Gate");  // which the old one has not handled
  open("2");
  handled_ = 0;
  std::stop_source source;
  rebuild_.stop = source.get_token();
  rebuild_.progress_interval = 0ms;
  rebuild_.projector.batch = 10;
  rebuild_.progress = [&](const RebuildProgress& progress) {
    if (progress.position < 100) return;
    source.request_stop();
    gate_.open();
  };
  store_->append({.event_type = "Changed", .actor_id = "order-2"}).value();
  ASSERT_THAT(rebuild(*store_, *model_, rebuild_), FailsWith(Errc::closed));
  ASSERT_TRUE(twin_is_there());
  EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("1"));
  const int before = handled_;
  open("2");  // another process

  rebuild_.stop = {};
  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report);
  EXPECT_GE(before, 100);
  EXPECT_LE(report->events, 2U);
  EXPECT_GE(std::stoi(ask("SELECT count(*) FROM log")[0]), 100);
}

TEST_F(Rebuilds, HoldUpTheOldModelForSoLongOnly) {
  make_old(10);
  open("2");
  rebuild_.longest_hold = -1ms;

  ASSERT_THAT(rebuild(*store_, *model_, rebuild_), FailsWith(Errc::unavailable));
  EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("1"));
  rebuild_.longest_hold = 10s;
  const auto report = rebuild(*store_, *model_, rebuild_);

  ASSERT_TRUE(report);
  EXPECT_EQ(report->events, 0U);  // it was all there
  EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("2"));
}

TEST_F(Rebuilds, BeginAnewWhereAskedOrWhereTheRestIsOfNoUse) {
  make_old(10);
  for (const bool schema : {true, false}) {
    open(schema ? "2" : "3");
    {
      auto left = model_->make_twin({.anew = true}).value();
      reach(*start_projector(*store_, *left, {.name = "log"}, options_).value(), 10);
    }
    if (schema) open("3");
    rebuild_.anew = !schema;

    EXPECT_EQ(rebuild(*store_, *model_, rebuild_)->events, 10U);
    EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("3"));
  }
}

TEST_F(Rebuilds, WhoseEndWasInterruptedAreFinishedByTheNextOpening) {
  make_old(10);
  open("2");
  {
    auto twin = model_->make_twin({}).value();
    reach(*start_projector(*store_, *twin, {.name = "log"}, options_).value(), 10);
    ASSERT_TRUE(model_->take_over(*twin, [](const auto&) { return Result<void>(); }));
  }
  ASSERT_TRUE(twin_is_there());  // the process died here

  open("2");

  EXPECT_FALSE(twin_is_there());
  EXPECT_THAT(ask("SELECT count(*) FROM log WHERE tag = '2'"), ElementsAre("10"));
}

TEST_F(Rebuilds, ThatFailToCatchUpLeaveAllAsItWas) {
  make_old(10);
  open("2");
  {
    auto twin = model_->make_twin({}).value();
    EXPECT_THAT(model_->make_twin({}), FailsWith(Errc::unavailable));
    EXPECT_THAT(rebuild(*store_, *model_, rebuild_), FailsWith(Errc::unavailable));
    EXPECT_THAT(model_->remove_twin(), FailsWith(Errc::unavailable));
    const auto never = [](const auto&) { return Result<void>(fail(Errc::closed, "never")); };
    const auto throws = [](const auto&) -> Result<void> { throw std::runtime_error("progress"); };
    EXPECT_THROW(static_cast<void>(model_->take_over(*twin, throws)), std::runtime_error);
    EXPECT_THAT(model_->take_over(*twin, never), FailsWith(Errc::closed));  // nothing holds it
    EXPECT_THAT(model_->take_over(*model_, never), FailsWith(Errc::invalid_argument));
  }

  EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("1"));
}

TEST_F(Rebuilds, AreNotTakenOverWithEventsParkedThatTheOldModelHas) {
  is_bad_ = false;
  make_old(3);
  reach(*start(), append("order-1", "Bad"));
  is_bad_ = true;
  open("2");

  const auto refused = rebuild(*store_, *model_, rebuild_);
  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("\"Bad\" of \"order-1\" at position 4 (bad)"));
  EXPECT_THAT(ask("SELECT DISTINCT tag FROM log"), ElementsAre("1"));
  is_bad_ = false;  // mended: what was parked is tried again
  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  EXPECT_THAT(ask("SELECT count(*) FROM log WHERE tag = '2'"), ElementsAre("4"));

  is_bad_ = true;
  rebuild_.allow_parked = true;
  const auto allowed = rebuild(*store_, *model_, rebuild_);
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->parked, 1U);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("3"));
}

TEST_F(Rebuilds, AreTheCureForARestoredBackup) {
  make_old(20);
  store_ = make_memory_event_store();
  for (int i = 0; i < 5; ++i) append("order-1");
  ASSERT_THAT(start_projector(*store_, *model_, {.name = "log"}, options_),
              FailsWith(Errc::invalid_argument));

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("5"));
  reach(*start(), append("order-1"));
}

TEST_F(Rebuilds, MayChangeFiltersAndPartitions) {
  make_old(20);
  append("customer-1");
  for (std::uint32_t i = 0; i < 3; ++i) {
    rebuild_.projections.push_back(
        {.name = "log", .filter = {.category = "order"}, .partition = {i, 3}});
  }

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("20"));
  EXPECT_THAT(ask("SELECT key FROM aether_projections ORDER BY key"),
              ElementsAre("log:0/3", "log:1/3", "log:2/3"));
}

TEST_F(Rebuilds, ThatFindATwinOfOtherProjectionsBeginAnew) {
  make_old(10);
  {
    auto left = model_->make_twin({}).value();
    for (const char* name : {"log", "other"}) {
      reach(*start_projector(*store_, *left, {.name = name}, options_).value(), 10);
    }
  }

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));

  EXPECT_THAT(ask("SELECT key FROM aether_projections"), ElementsAre("log"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("10"));
}

TEST_F(Rebuilds, KeepAProjectionThatIsStartedMeanwhile) {
  make_old(10);
  std::unique_ptr<Projector> other;
  rebuild_.progress = [&](const RebuildProgress&) {
    if (other) return;
    other = start("other");
    reach(*other, 10);
  };

  ASSERT_TRUE(rebuild(*store_, *model_, rebuild_));
  reach(*other, append("order-1"));

  EXPECT_THAT(ask("SELECT key FROM aether_projections ORDER BY key"), ElementsAre("log", "other"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("21"));
  EXPECT_EQ(other->status().applied, 11U);  // it was there, up to where it stood
}

TEST_F(Rebuilds, AreNotTakenOverWhereOnlyAnotherProjectionHasTheEventParked) {
  make_old(3);
  const auto log = start();
  const auto other = start("other");
  append("order-9", "Bad");
  reach(*log, append("order-9", "Bad to other"));  // which is parked behind the other
  reach(*other, 5);
  ASSERT_EQ(other->status().parked, 2U);
  is_bad_ = false;
  ASSERT_TRUE(other->retry("order-9"));
  is_bad_to_other_ = true;

  const auto refused = rebuild(*store_, *model_, rebuild_);

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("of the projection \"other\" parked"));
}

TEST_F(Rebuilds, OfNothingAreRefused) {
  open("1");

  EXPECT_THAT(rebuild(*store_, *model_, rebuild_), FailsWith(Errc::invalid_argument));
}

}  // namespace
}  // namespace aether::sqlite
