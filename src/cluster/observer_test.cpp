// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/observer.hpp"

#include "aether/cluster/election.hpp"
#include "aether/cluster/membership.hpp"
#include "aether/testing/virtual_time.hpp"
#include "testing/matchers.hpp"
#include "testing/pausable_scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;

/// A node that is a member and stands for the leadership.
struct Peer {
  Peer(testing::VirtualTime& world, std::shared_ptr<Registry> registry, const std::string& id)
      : scheduler(std::make_shared<testing::PausableScheduler>(world.scheduler())) {
    Membership::join_async(registry, scheduler, {.id = id, .address = id + ":1"}, {},
                           [this](Result<std::unique_ptr<Membership>> joined) {
                             if (joined) membership = std::move(*joined);
                           });
    election = *Election::make(std::move(registry), scheduler, {.id = id, .lease = {}, .log = {}});
    election->acquire_async([this](Result<Leadership> won) {
      if (won) leadership = std::move(*won);
    });
  }

  std::shared_ptr<testing::PausableScheduler> scheduler;
  std::unique_ptr<Membership> membership;
  std::unique_ptr<Election> election;
  Leadership leadership;
};

class ObserverTest : public ::testing::Test {
 protected:
  void observe() {
    observer_ = *Observer::make(
        registry_, world_.scheduler(), {},
        {.on_member =
             [this](const MemberEvent& event) {
               constexpr const char* kNames[] = {"joined ", "updated ", "left ", "expired "};
               told_.push_back(kNames[static_cast<std::size_t>(event.kind)] + event.member.node.id);
             },
         .on_leader =
             [this](const auto& leader) {
               told_.push_back(leader ? "leader " + leader->id : "no leader");
             }});
  }
  std::unique_ptr<Peer> started(const std::string& id) {
    auto peer = std::make_unique<Peer>(world_, registry_, id);
    EXPECT_TRUE(world_.run_until([&] { return peer->membership != nullptr; }));
    world_.advance(milliseconds(10));
    return peer;
  }

  testing::VirtualTime world_;
  std::shared_ptr<Registry> registry_ = make_memory_registry(world_.scheduler());
  std::vector<std::string> told_;
  std::unique_ptr<Observer> observer_;
};

TEST_F(ObserverTest, SeesWhoComesAndGoesAndWhoLeads) {
  observe();
  world_.advance(milliseconds(1));
  EXPECT_TRUE(observer_->is_settled()) << "nobody is there";

  auto a = started("a");
  auto b = started("b");
  EXPECT_THAT(told_, ElementsAre("joined a", "leader a", "joined b"));
  EXPECT_EQ(observer_->members().size(), 2U);
  EXPECT_EQ(observer_->leader()->id, "a");

  a->leadership.resign();
  world_.advance(milliseconds(10));
  EXPECT_EQ(observer_->leader()->id, "b");
  a->scheduler->crash();
  world_.advance(seconds(4));
  EXPECT_EQ(told_.back(), "expired a");
  EXPECT_EQ(observer_->members().size(), 1U);
  b->membership.reset();
  world_.advance(milliseconds(10));
  EXPECT_EQ(told_.back(), "left b");
}

TEST_F(ObserverTest, OneThatCrashedBeforeIsTakenForThereUntilItHasSettled) {
  auto a = started("a");
  auto b = started("b");
  a->scheduler->crash();

  observe();
  world_.advance(milliseconds(10));
  EXPECT_EQ(observer_->members().size(), 2U);
  EXPECT_EQ(observer_->leader()->id, "a");
  EXPECT_FALSE(observer_->is_settled());

  const BootTime begun = world_.now();
  ASSERT_TRUE(world_.run_until([&] { return observer_->is_settled(); }));
  EXPECT_LT(world_.now() - begun, BootTime(milliseconds(3'100)));
  EXPECT_EQ(observer_->members().size(), 1U);
}

TEST_F(ObserverTest, ItSettlesOnceAllHaveRenewed) {
  auto a = started("a");

  observe();
  world_.advance(milliseconds(800));  // the interval of renewals is 750 ms

  EXPECT_TRUE(observer_->is_settled());
  EXPECT_EQ(observer_->leader()->id, "a");
}

TEST_F(ObserverTest, ToldIsNothingOnceItIsGone) {
  observe();
  observer_.reset();

  const auto a = started("a");

  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(ObserverTest, BadOptionsAreRefused) {
  EXPECT_THAT(Observer::make(registry_, world_.scheduler(), {.election = "a b"}, {}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(
      Observer::make(registry_, world_.scheduler(), {.lease = {.ttl = milliseconds(0)}}, {}),
      FailsWith(Errc::invalid_argument));
}

}  // namespace
}  // namespace aether
