// SPDX-License-Identifier: Apache-2.0
#include "cluster/shard_holder.hpp"

#include "aether/testing/virtual_time.hpp"
#include "core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace aether::cluster {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for times
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The holder of node a, of two shards.
class ShardHolderTest : public ::testing::Test {
 protected:
  ShardHolderTest() {
    ShardHandlers handlers;
    handlers.gained = [this](ShardId shard, std::uint64_t epoch) {
      calls_.push_back(concat("gained ", shard, "@", epoch));
    };
    handlers.draining = [this](ShardId shard, std::uint64_t epoch, std::function<void()> done) {
      calls_.push_back(concat("draining ", shard, "@", epoch));
      if (throws_) throw std::runtime_error("no more room");
      done_.push_back(std::move(done));
    };
    handlers.lost = [this](ShardId shard, std::uint64_t epoch) {
      calls_.push_back(concat("lost ", shard, "@", epoch));
    };
    holder_ = std::make_shared<ShardHolder>(ShardHolder::Setup{
        .shards = 2,
        .node = "a",
        .handlers = handlers,
        .scheduler = scheduler_,
        .handlers_scheduler = scheduler_,
        .released = [this] { ++told_; },
        .log = [this](LogLevel, std::string_view text) { log_.emplace_back(text); }});
    begin("t1");
  }

  void begin(const std::string& name) {
    tenure_ = std::make_shared<Tenure>(scheduler_, 1, name, scheduler_->now() + 1s);
    holder_->begin(tenure_);
  }

  /// Shard 0 is a's at `epoch`, of `tenure`, or moves to b; shard 1 is b's.
  void see(std::uint64_t epoch, bool moves = false, const std::string& tenure = "t1") {
    ShardTable table;
    table.epoch = epoch;
    table.nodes = {{.id = "a", .tenure = tenure}, {.id = "b", .tenure = "t"}};
    table.shards = {{.owner = 0, .next = moves ? 1 : kNobody, .epoch = epoch},
                    {.owner = 1, .next = kNobody, .epoch = 1}};
    holder_->see(table);
    time_.advance(1ms);
  }

  testing::VirtualTime time_;
  std::shared_ptr<Scheduler> scheduler_ = time_.scheduler();
  std::vector<std::string> calls_;
  std::vector<std::function<void()>> done_;
  std::vector<std::string> log_;
  bool throws_ = false;
  int told_ = 0;
  std::shared_ptr<Tenure> tenure_;
  std::shared_ptr<ShardHolder> holder_;
};

TEST_F(ShardHolderTest, OwnsWhatTheTableGivesToItsTenure) {
  see(3);

  EXPECT_EQ(holder_->owns(0), 3U);
  EXPECT_EQ(holder_->owns(1), std::nullopt);
  EXPECT_EQ(holder_->owns(2), std::nullopt) << "there is no such shard";
  EXPECT_THAT(calls_, ElementsAre("gained 0@3"));
}

TEST_F(ShardHolderTest, OwnsNothingOfAnotherTenure) {
  see(3, false, "t0");

  EXPECT_EQ(holder_->owns(0), std::nullopt);
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(ShardHolderTest, OwnsNothingWhenItsLeaseIsOverAlthoughNobodyHasSaidSo) {
  see(3);
  time_.advance(1s);

  EXPECT_EQ(holder_->owns(0), std::nullopt);
}

TEST_F(ShardHolderTest, LosesEverythingWithItsTenureAndGainsItByTheNext) {
  see(3);
  holder_->end();
  begin("t2");
  see(3);
  EXPECT_EQ(holder_->owns(0), std::nullopt) << "that table is of the first tenure";

  see(4, false, "t2");

  EXPECT_EQ(holder_->owns(0), 4U);
  EXPECT_THAT(calls_, ElementsAre("gained 0@3", "lost 0@3", "gained 0@4"));
}

TEST_F(ShardHolderTest, OwnsWhatMovesUntilItIsDone) {
  see(3, true);
  EXPECT_EQ(holder_->owns(0), 3U);
  EXPECT_THAT(holder_->released(), IsEmpty());

  done_.at(0)();
  time_.advance(1ms);

  EXPECT_EQ(holder_->owns(0), std::nullopt);
  EXPECT_THAT(holder_->released(), ElementsAre(ReleasedShard{0, 3}));
  EXPECT_EQ(told_, 1);
  see(3, true);
  EXPECT_EQ(holder_->owns(0), std::nullopt) << "the leader has not heard of it yet";
  EXPECT_THAT(calls_, ElementsAre("gained 0@3", "draining 0@3"));
}

TEST_F(ShardHolderTest, IsNotMisledByWhatIsDoneLateOrTwice) {
  see(3, true);
  done_.at(0)();
  time_.advance(1ms);
  see(5);
  ASSERT_EQ(holder_->owns(0), 5U) << "it was given back";

  done_.at(0)();
  time_.advance(1ms);

  EXPECT_EQ(holder_->owns(0), 5U);
  EXPECT_THAT(holder_->released(), IsEmpty());
}

TEST_F(ShardHolderTest, ReleasesWhatItsHandlerThrewOutOfAndSaysSo) {
  throws_ = true;
  see(3, true);

  EXPECT_THAT(holder_->released(), ElementsAre(ReleasedShard{0, 3}));
  EXPECT_THAT(log_, Contains(HasSubstr("'draining' of shards threw: no more room")));
}

TEST_F(ShardHolderTest, CallsNobodyWhenMuted) {
  holder_->mute();
  see(3);

  EXPECT_THAT(calls_, IsEmpty());
}

}  // namespace
}  // namespace aether::cluster
