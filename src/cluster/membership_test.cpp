// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/membership.hpp"

#include "cluster/lease_record.hpp"
#include "cluster/lease_times.hpp"
#include "cluster/member_record.hpp"
#include "testing/matchers.hpp"
#include "testing/pausable_scheduler.hpp"
#include "testing/simulated_registry.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <utility>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;

constexpr LeaseOptions kLease{};
const BootTime kSomeMessages = milliseconds(30);  // a few messages, as these links are

std::string_view name_of(MemberEvent::Kind kind) {
  switch (kind) {
    case MemberEvent::Kind::joined:
      return "joined";
    case MemberEvent::Kind::updated:
      return "updated";
    case MemberEvent::Kind::left:
      return "left";
    case MemberEvent::Kind::expired:
      return "expired";
  }
  return "?";
}

/// A process that takes part, and what it was told.
struct Process {
  Process(testing::VirtualTime& world, testing::SimulatedRegistry& registry, Node node,
          milliseconds timeout = seconds(30))
      : link(registry.link()),
        scheduler(std::make_shared<testing::PausableScheduler>(world.scheduler())) {
    MembershipOptions options{.timeout = timeout};
    options.log = [this](LogLevel, std::string_view text) { logged.emplace_back(text); };
    Membership::join_async(
        link, scheduler, std::move(node), options,
        [this](Result<std::unique_ptr<Membership>> joined) {
          if (!joined) {
            failed = joined.error();
            return;
          }
          membership = std::move(*joined);
          watch = membership->watch([this](const MemberEvent& event) {
            told.push_back(event.member.node.id + " " + std::string(name_of(event.kind)));
            last = event.member;
          });
        });
  }

  void crash() {
    scheduler->crash();
    link->cut();
  }

  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (const Member& member : membership->members()) all.push_back(member.node.id);
    return all;
  }

  std::shared_ptr<testing::SimulatedLink> link;
  std::shared_ptr<testing::PausableScheduler> scheduler;
  std::optional<Error> failed;
  std::vector<std::string> told;
  std::vector<std::string> logged;
  Member last;
  std::unique_ptr<Membership> membership;
  std::unique_ptr<Membership::Watch> watch;
};

class MembershipTest : public ::testing::Test {
 protected:
  testing::VirtualTime world;
  std::shared_ptr<testing::SimulatedRegistry> registry =
      std::make_shared<testing::SimulatedRegistry>(world, 1);

  [[nodiscard]] std::unique_ptr<Process> start(Node node, milliseconds timeout = seconds(30)) {
    return std::make_unique<Process>(world, *registry, std::move(node), timeout);
  }

  /// Starts it, and expects it to join.
  [[nodiscard]] std::unique_ptr<Process> member(std::string id) {
    auto process = start({.id = std::move(id)});
    world.advance(kSomeMessages * 2);
    EXPECT_NE(process->membership, nullptr);
    return process;
  }
};

TEST_F(MembershipTest, WhoJoinsIsSeenAtOnceWithAllItTells) {
  const auto a = member("a");
  const auto b =
      start({.id = "b", .address = "10.0.0.2:80", .labels = {{"zone", "eu"}}, .load = 0.25});

  ASSERT_TRUE(world.run_until([&] { return a->told.size() == 2; }, kSomeMessages * 2));

  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined"));
  EXPECT_EQ(a->last.node,
            (Node{.id = "b", .address = "10.0.0.2:80", .labels = {{"zone", "eu"}}, .load = 0.25}));
  EXPECT_EQ(a->last.state, MemberState::up);
  world.advance(kSomeMessages);
  EXPECT_EQ(b->membership->tenure(), a->last.tenure);
  EXPECT_THAT(b->ids(), ElementsAre("a", "b"));
}

TEST_F(MembershipTest, HeartbeatsAreNoNews) {
  const auto a = member("a");
  const auto b = member("b");

  world.advance(seconds(60));

  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined"));
  EXPECT_THAT(b->told, ElementsAre("a joined", "b joined"));
  EXPECT_TRUE(a->membership->is_held());
  // But each has a revision, which whoever would end a tenure has to know.
  for (const Member& one : a->membership->members()) {
    EXPECT_EQ(one.revision, registry->get("node." + one.node.id)->revision);
  }
}

TEST_F(MembershipTest, WhoLeavesIsGoneAtOnce) {
  const auto a = member("a");
  const auto b = member("b");
  bool left = false;

  b->membership->leave_async([&] { left = true; });
  EXPECT_FALSE(b->membership->is_held());

  EXPECT_TRUE(world.run_until([&] { return a->told.back() == "b left" && left; }, kSomeMessages));
  EXPECT_THAT(a->ids(), ElementsAre("a"));
  EXPECT_THAT(b->ids(), ElementsAre("a"));
  EXPECT_EQ(b->told.back(), "b left");
  world.advance(seconds(10));
  EXPECT_EQ(a->told.size(), 3U);
}

TEST_F(MembershipTest, DestroyingLeaves) {
  const auto a = member("a");
  const auto b = member("b");

  b->watch.reset();
  b->membership.reset();

  EXPECT_TRUE(world.run_until([&] { return a->told.back() == "b left"; }, kSomeMessages));
}

TEST_F(MembershipTest, WhoCrashesIsGoneWhenItsLeaseHasRunOut) {
  const auto a = member("a");
  const auto b = member("b");
  world.advance(milliseconds(700));
  const BootTime crashed = world.now();
  b->crash();

  world.run_until(crashed + milliseconds(2'000));
  EXPECT_THAT(a->ids(), ElementsAre("a", "b"));

  EXPECT_TRUE(world.run_until([&] { return a->told.back() == "b expired"; },
                              at_least(kLease.ttl, 0.01) - milliseconds(2'000) + kSomeMessages));
  EXPECT_THAT(a->ids(), ElementsAre("a"));
}

TEST_F(MembershipTest, WhoComesBackAfterACrashWaitsForItsFormerLeaseAndHasANewTenure) {
  const auto a = member("a");
  const auto b = member("b");
  const std::string tenure = b->membership->tenure();
  b->crash();

  const auto again = start({.id = "b"});
  world.advance(milliseconds(2'800));
  EXPECT_EQ(again->membership, nullptr);
  ASSERT_TRUE(world.run_until([&] { return again->membership != nullptr; }, seconds(1)));
  world.advance(kSomeMessages);

  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined", "b expired", "b joined"));
  EXPECT_NE(again->membership->tenure(), tenure);
  EXPECT_EQ(a->last.tenure, again->membership->tenure());
}

TEST_F(MembershipTest, ASecondProcessOfOneIdIsRefusedAndToldWhere) {
  const auto b = start({.id = "b", .address = "10.0.0.2:80"});
  world.advance(kSomeMessages * 2);

  const auto other = start({.id = "b", .address = "10.0.0.3:80"});

  ASSERT_TRUE(world.run_until([&] { return other->failed.has_value(); }, seconds(1)));
  EXPECT_EQ(other->failed->code, Errc::version_conflict);
  EXPECT_THAT(other->failed->message, HasSubstr("10.0.0.2:80"));
  world.advance(seconds(20));
  EXPECT_TRUE(b->membership->is_held());
  EXPECT_EQ(other->membership, nullptr);
}

TEST_F(MembershipTest, OfTwoThatStartAtOnceUnderOneIdOneJoins) {
  const auto one = start({.id = "b"});
  const auto other = start({.id = "b"});

  world.advance(seconds(2));

  EXPECT_NE(one->membership == nullptr, other->membership == nullptr);
  EXPECT_NE(one->failed.has_value(), other->failed.has_value());
}

TEST_F(MembershipTest, WhatANodeTellsOfItselfIsSeen) {
  const auto a = member("a");
  const auto b = member("b");

  b->membership->set_released({{.shard = 7, .epoch = 12}, {.shard = 1'023, .epoch = 13}});
  ASSERT_TRUE(world.run_until([&] { return a->told.size() == 3; }, kSomeMessages));
  EXPECT_THAT(a->last.released, ElementsAre(ReleasedShard{.shard = 7, .epoch = 12},
                                            ReleasedShard{.shard = 1'023, .epoch = 13}));
  b->membership->set_state(MemberState::leaving);
  ASSERT_TRUE(world.run_until([&] { return a->told.size() == 4; }, kSomeMessages));
  EXPECT_EQ(a->last.state, MemberState::leaving);
  b->membership->set_load(0.75);
  world.advance(kSomeMessages);
  EXPECT_EQ(a->told.size(), 4U);  // with the next renewal

  ASSERT_TRUE(world.run_until([&] { return a->told.size() == 5; }, seconds(1)));
  EXPECT_EQ(a->last.node.load, 0.75);
  EXPECT_EQ(a->told.back(), "b updated");
  EXPECT_EQ(a->last.released.size(), 2U);
}

TEST_F(MembershipTest, WhoLosesItsLeaseSaysSoAndJoinsAgain) {
  const auto a = member("a");
  const auto b = member("b");
  const std::string tenure = b->membership->tenure();
  b->link->cut();

  world.advance(seconds(5));
  EXPECT_FALSE(b->membership->is_held());
  EXPECT_EQ(b->membership->tenure(), "");
  EXPECT_EQ(b->told.back(), "b expired");
  EXPECT_THAT(b->ids(), ElementsAre("a"));
  EXPECT_EQ(a->told.back(), "b expired");
  b->link->heal();
  world.advance(kSomeMessages * 2);

  EXPECT_TRUE(b->membership->is_held());
  EXPECT_NE(b->membership->tenure(), tenure);
  EXPECT_EQ(b->told.back(), "b joined");
  EXPECT_EQ(a->told.back(), "b joined");
}

TEST_F(MembershipTest, WhatCannotBeHeardIsNotTakenForDead) {
  const auto a = member("a");
  const auto b = member("b");
  a->link->cut();
  b->link->cut();
  world.advance(seconds(60));
  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined", "a expired"));
  a->link->heal();
  world.advance(seconds(1));
  b->link->heal();

  world.advance(seconds(10));

  // "b" has a new tenure, so the old one is over; it was never taken for gone in between.
  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined", "a expired", "a joined", "b expired",
                                   "b joined"));
}

TEST_F(MembershipTest, WhoWasHeldUpTakesNobodyForDead) {
  const auto a = member("a");
  const auto b = member("b");
  // What was sent to it meanwhile comes when it goes on, behind what was due.
  a->link->faults.shortest = a->link->faults.longest = milliseconds(10'100);
  a->scheduler->pause(seconds(10));
  world.advance(seconds(10));
  a->link->faults = {};

  world.advance(seconds(20));

  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined", "a expired", "a joined"));
  EXPECT_THAT(b->told, ElementsAre("a joined", "b joined", "a expired", "a joined"));
}

TEST_F(MembershipTest, ForgedRecordsAreIgnoredAndTold) {
  const auto a = member("a");
  const auto b = member("b");
  const std::string data = format_member({.node = {.id = "x"}});

  EXPECT_THAT(registry->put("node.c", "{", 0), Succeeds());
  EXPECT_THAT(
      registry->put("node.d", format_lease({.holder = "a", .ttl = seconds(3), .data = data}), 0),
      Succeeds());
  EXPECT_THAT(registry->put(
                  "node.e",
                  format_lease({.holder = "e", .ttl = seconds(3), .data = R"({"address":1})"}), 0),
              Succeeds());
  EXPECT_THAT(registry->put("table", "not ours", 0), Succeeds());
  world.advance(seconds(10));

  EXPECT_THAT(a->told, ElementsAre("a joined", "b joined"));
  EXPECT_THAT(a->logged, ElementsAre(HasSubstr("\"c\""), HasSubstr("\"d\""), HasSubstr("\"e\"")));
}

TEST_F(MembershipTest, AForgedRecordOfANodeThatIsThereEndsItsTenureAndItComesBack) {
  const auto a = member("a");
  const auto b = member("b");
  const std::string tenure = b->membership->tenure();

  EXPECT_THAT(registry->put("node.b", "{", testing::SimulatedRegistry::kAnyRevision), Succeeds());
  world.advance(kSomeMessages);
  EXPECT_FALSE(b->membership->is_held());
  EXPECT_THAT(a->ids(), ElementsAre("a", "b"));  // nothing is known yet

  world.advance(seconds(4));
  EXPECT_TRUE(b->membership->is_held());
  EXPECT_NE(b->membership->tenure(), tenure);
  EXPECT_EQ(a->told.back(), "b joined");
}

TEST_F(MembershipTest, JoiningEndsWithTimeSayingWhatItWaitedFor) {
  const auto process = std::make_unique<Process>(world, *registry, Node{.id = "a"}, seconds(5));
  process->link->cut();

  world.advance(seconds(6));

  ASSERT_TRUE(process->failed.has_value());
  EXPECT_EQ(process->failed->code, Errc::unavailable);
  EXPECT_THAT(process->failed->message, HasSubstr("the registry does not answer"));
}

TEST_F(MembershipTest, WhatIsNoNodeIsRefused) {
  const LeaseOptions bad{.ttl = milliseconds(1)};
  const auto scheduler = world.scheduler();
  const auto link = registry->link();
  std::vector<Errc> codes;
  const auto join = [&](Node node, const LeaseOptions& lease = {}) {
    Membership::join_async(link, scheduler, std::move(node), {.lease = lease},
                           [&](const Result<std::unique_ptr<Membership>>& joined) {
                             codes.push_back(joined ? Errc{} : joined.error().code);
                           });
  };
  join({.id = ""});
  join({.id = "a b"});
  join({.id = "a", .address = "\xFF"});
  join({.id = "a", .labels = {{"", "x"}}});
  join({.id = "a", .labels = {{"x", std::string(kMaxRegistryValueBytes, 'x')}}});
  join({.id = "a", .load = std::numeric_limits<double>::infinity()});
  join({.id = "a"}, bad);

  world.advance(seconds(1));

  EXPECT_EQ(codes, std::vector<Errc>(7, Errc::invalid_argument));
}

TEST_F(MembershipTest, AWatchEndsWithItsHandleAndNothingIsCalledAfterTheEnd) {
  const auto a = member("a");
  a->watch.reset();
  const auto b = member("b");
  EXPECT_THAT(a->told, ElementsAre("a joined"));

  const auto told = b->told.size();
  b->watch.reset();
  b->membership.reset();
  a->membership.reset();
  world.advance(seconds(10));
  EXPECT_EQ(b->told.size(), told);
}

TEST(MembershipOnThreadsTest, NodesJoinSeeEachOtherAndLeave) {
  const auto registry = make_memory_registry(*make_scheduler());
  const MembershipOptions options{.lease = LeaseOptions::fast()};
  auto a = Membership::join(registry, *make_scheduler(), {.id = "a"}, options);
  auto b = Membership::join(registry, *make_scheduler(), {.id = "b"}, options);
  ASSERT_THAT(a, Succeeds());
  ASSERT_THAT(b, Succeeds());
  EXPECT_TRUE(testing::eventually([&] { return (*a)->members().size() == 2; }));
  EXPECT_THAT(Membership::join(registry, *make_scheduler(), {.id = "b"}, options),
              FailsWith(Errc::version_conflict));

  EXPECT_THAT((*b)->leave(), Succeeds());

  EXPECT_FALSE((*b)->is_held());
  EXPECT_TRUE(testing::eventually([&] { return (*a)->members().size() == 1; }));
}

}  // namespace
}  // namespace aether
