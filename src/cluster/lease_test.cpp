// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease.hpp"

#include "cluster/contender_test.hpp"
#include "cluster/lease_times.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr LeaseOptions kOptions{};        // 3 s, renewed every 750 ms, 1 %, 50 ms
const BootTime kSoon = milliseconds(30);  // a few messages, as these links are

class LeaseTest : public ::testing::Test {
 protected:
  testing::VirtualTime world;
  std::shared_ptr<testing::SimulatedRegistry> registry =
      std::make_shared<testing::SimulatedRegistry>(world, 1);

  /// Both follow the registry, and `a` holds the lease.
  void let_hold(Contender& a) {
    a.want();
    ASSERT_TRUE(world.run_until([&] { return a.holds(); }, kSoon));
  }

  [[nodiscard]] LeaseRecord stored() const {
    const auto entry = registry->get("leader");
    return entry ? parse_lease(entry->value).value_or(LeaseRecord{}) : LeaseRecord{};
  }
};

TEST_F(LeaseTest, AFreeOneIsTakenAtOnceAndItsEpochIsTheRevision) {
  Contender a(world, *registry, "a");

  a.want();

  ASSERT_TRUE(world.run_until([&] { return a.holds(); }, kSoon));
  EXPECT_EQ(a.epoch(), registry->get("leader")->revision);
  EXPECT_EQ(stored().holder, "a");
  EXPECT_EQ(stored().ttl, kOptions.ttl);
}

TEST_F(LeaseTest, IsRenewedInOneTenure) {
  Contender a(world, *registry, "a");
  let_hold(a);
  const std::uint64_t epoch = a.epoch();

  for (int i = 0; i < 100; ++i) {
    world.advance(milliseconds(500));
    ASSERT_TRUE(a.holds());
  }

  EXPECT_EQ(a.epoch(), epoch);
  EXPECT_THAT(a.tenures, SizeIs(1));
  const auto puts = registry->get("leader")->revision;
  EXPECT_THAT(puts, AllOf(Ge(60U), Le(67U)));  // 50 s, every 750 ms and what a put takes
}

TEST_F(LeaseTest, WhatIsRenewedIsNotTaken) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();

  world.advance(seconds(60));

  EXPECT_TRUE(a.holds());
  EXPECT_THAT(b.tenures, IsEmpty());
  EXPECT_THAT(b.lease->waiting_for(), HasSubstr("a holds it; its lease runs out in 2."));
}

TEST_F(LeaseTest, ACrashedHoldersIsTakenWhenItHasRunOutAsSeen) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();
  world.advance(milliseconds(100));
  const std::uint64_t epoch = a.epoch();
  const BootTime crashed = world.now();
  a.crash();

  ASSERT_TRUE(world.run_until([&] { return b.holds(); }, seconds(10)));

  const BootTime until = crashed - milliseconds(100) + at_least(kOptions.ttl, 0.01);
  EXPECT_THAT(world.now(), AllOf(Ge(until - kSoon), Le(until + kSoon)));
  EXPECT_GT(b.epoch(), epoch);
}

TEST_F(LeaseTest, EndsByTheHoldersClockWhenNothingIsHeard) {
  Contender a(world, *registry, "a");
  let_hold(a);
  const auto tenure = a.lease->tenure();
  a.link->cut();
  const BootTime until = tenure->until();

  world.run_until(until - milliseconds(1));
  EXPECT_TRUE(tenure->is_held());
  EXPECT_FALSE(tenure->lost().stop_requested());
  world.advance(milliseconds(2));

  EXPECT_FALSE(tenure->is_held());
  EXPECT_TRUE(tenure->lost().stop_requested());
  EXPECT_THAT(a.lost, ElementsAre(HasSubstr("ran out")));
}

TEST_F(LeaseTest, ItsTimeIsCountedFromSendingHoweverLateTheAnswer) {
  Contender a(world, *registry, "a");
  world.advance(kSoon);
  a.link->faults.shortest = a.link->faults.longest = milliseconds(300);  // either way
  const BootTime sent = world.now();
  a.want();

  ASSERT_TRUE(world.run_until([&] { return a.holds(); }, seconds(1)));

  EXPECT_EQ(a.lease->tenure()->until(), sent + holders_time(kOptions));
}

TEST_F(LeaseTest, APauseBetweenTheClockAndThePutShortensIt) {
  Contender a(world, *registry, "a");
  world.advance(kSoon);
  const BootTime begun = world.now();
  a.link->on_send = [&] {
    a.scheduler->stall(milliseconds(500));
    return milliseconds(500);
  };
  a.want();

  ASSERT_TRUE(world.run_until([&] { return a.holds(); }, seconds(1)));

  EXPECT_EQ(a.lease->tenure()->until(), begun + holders_time(kOptions));
}

TEST_F(LeaseTest, AHolderThatWasPausedForTooLongKnowsItAtOnce) {
  Contender a(world, *registry, "a");
  let_hold(a);
  const auto tenure = a.lease->tenure();
  a.scheduler->pause(seconds(10));

  world.advance(seconds(4));

  EXPECT_FALSE(tenure->is_held());
  EXPECT_FALSE(tenure->lost().stop_requested());  // nothing of its own has run yet
  world.advance(seconds(6) + kSoon);
  EXPECT_TRUE(tenure->lost().stop_requested());
}

TEST_F(LeaseTest, AnAcquisitionWithoutAReplyIsFoundByLooking) {
  Contender a(world, *registry, "a");
  world.advance(kSoon);
  a.watch.reset();  // so that nothing else shows it
  a.link->faults.lose_reply = 1;
  const BootTime sent = world.now();
  a.want();
  world.advance(milliseconds(700));
  EXPECT_FALSE(a.holds());
  a.link->faults.lose_reply = 0;

  ASSERT_TRUE(world.run_until([&] { return a.holds(); }, milliseconds(100)));

  EXPECT_EQ(a.epoch(), 1U);
  EXPECT_EQ(a.lease->tenure()->until(), sent + holders_time(kOptions));
}

TEST_F(LeaseTest, ARenewalGivenUpThatArrivesLateIsNoReasonToLoseIt) {
  Contender a(world, *registry, "a");
  let_hold(a);
  a.watch.reset();
  // The first renewal arrives behind the second, which it makes fail.
  a.link->faults.shortest = a.link->faults.longest = milliseconds(800);
  world.advance(milliseconds(760));
  a.link->faults = {};

  world.advance(seconds(6));

  EXPECT_TRUE(a.holds());
  EXPECT_THAT(a.tenures, SizeIs(1));
  EXPECT_THAT(a.lost, IsEmpty());
}

TEST_F(LeaseTest, OneLostMessageDoesNotCostIt) {
  for (double testing::LinkFaults::* const fault :
       {&testing::LinkFaults::lose_request, &testing::LinkFaults::lose_reply,
        &testing::LinkFaults::refuse, &testing::LinkFaults::twice}) {
    testing::VirtualTime own_world;
    const auto own = std::make_shared<testing::SimulatedRegistry>(own_world, 1);
    Contender a(own_world, *own, "a");
    a.want();
    own_world.advance(milliseconds(740));
    ASSERT_TRUE(a.holds());
    a.link->faults.*fault = 1;
    own_world.advance(milliseconds(30));
    a.link->faults.*fault = 0;

    own_world.advance(seconds(6));

    EXPECT_TRUE(a.holds());
    EXPECT_THAT(a.lost, IsEmpty());
  }
}

TEST_F(LeaseTest, AfterAnOutageTheLastHolderIsFirst) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();
  const std::uint64_t epoch = a.epoch();
  a.link->cut();
  b.link->cut();
  world.advance(seconds(20));
  EXPECT_THAT(a.lost, SizeIs(1));
  a.want();
  world.advance(seconds(20));

  b.link->heal();
  world.advance(milliseconds(500));
  a.link->heal();

  ASSERT_TRUE(world.run_until([&] { return a.holds(); }, kSoon));
  EXPECT_GT(a.epoch(), epoch);
  EXPECT_THAT(b.tenures, IsEmpty());
}

TEST_F(LeaseTest, OneOfTheSameNameHasToWaitLikeAnyOther) {
  Contender a(world, *registry, "a");
  let_hold(a);
  a.crash();
  Contender again(world, *registry, "a");
  again.want();

  world.advance(milliseconds(2'900));
  EXPECT_THAT(again.tenures, IsEmpty());

  EXPECT_TRUE(world.run_until([&] { return again.holds(); }, seconds(1)));
}

TEST_F(LeaseTest, WhatIsReleasedIsTakenAtOnce) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();
  world.advance(kSoon);
  const auto tenure = a.lease->tenure();

  a.release();

  EXPECT_TRUE(world.run_until([&] { return b.holds(); }, kSoon));
  EXPECT_TRUE(tenure->lost().stop_requested());
  EXPECT_TRUE(world.run_until([&] { return a.released == 1; }, kSoon));
  EXPECT_THAT(a.lost, IsEmpty());
}

TEST_F(LeaseTest, MayBeReleasedWhileAPutIsOnItsWay) {
  for (const auto into : {milliseconds(1), milliseconds(100), milliseconds(752)}) {
    testing::VirtualTime own_world;
    const auto own = std::make_shared<testing::SimulatedRegistry>(own_world, 1);
    Contender a(own_world, *own, "a");
    own_world.advance(kSoon);
    a.link->faults.shortest = a.link->faults.longest = milliseconds(4);
    a.want();
    own_world.advance(into);

    a.release();

    ASSERT_TRUE(own_world.run_until([&] { return a.released == 1; }, seconds(1)));
    own_world.advance(seconds(1));
    EXPECT_EQ(parse_lease(own->get("leader")->value)->holder, "");
    EXPECT_FALSE(a.holds());
  }
}

TEST_F(LeaseTest, AClaimThatArrivesWhenItIsWantedNoMoreIsGivenBack) {
  Contender a(world, *registry, "a");
  world.advance(kSoon);
  a.link->faults.shortest = a.link->faults.longest = milliseconds(900);  // given up after 750
  a.want();
  world.advance(milliseconds(10));
  a.link->faults = {};
  a.release();
  ASSERT_TRUE(world.run_until([&] { return a.released == 1; }, milliseconds(800)));
  ASSERT_FALSE(registry->get("leader").has_value());

  world.advance(milliseconds(300));

  ASSERT_TRUE(registry->get("leader").has_value());
  EXPECT_EQ(stored().holder, "");
  EXPECT_THAT(a.tenures, IsEmpty());
}

TEST_F(LeaseTest, ReleasingIsOverAfterATtlThoughNothingIsHeard) {
  Contender a(world, *registry, "a");
  let_hold(a);
  a.link->cut();

  a.release();

  world.advance(kOptions.ttl - milliseconds(10));
  EXPECT_EQ(a.released, 0);
  world.advance(seconds(1));
  EXPECT_EQ(a.released, 1);
}

}  // namespace
}  // namespace aether
