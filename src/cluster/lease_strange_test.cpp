// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease.hpp"

#include "cluster/contender_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr LeaseOptions kDefaults{};          // 3 s, renewed every 750 ms, 1 %, 50 ms
const BootTime kShortly = milliseconds(30);  // a few messages, as these links are

class StrangeLeaseTest : public ::testing::Test {
 protected:
  testing::VirtualTime world;
  std::shared_ptr<testing::SimulatedRegistry> registry =
      std::make_shared<testing::SimulatedRegistry>(world, 1);

  /// Both follow the registry, and `a` holds the lease.
  void let_hold(Contender& a) {
    a.want();
    ASSERT_TRUE(world.run_until([&] { return a.holds(); }, kShortly));
  }

  [[nodiscard]] LeaseRecord stored() const {
    const auto entry = registry->get("leader");
    return entry ? parse_lease(entry->value).value_or(LeaseRecord{}) : LeaseRecord{};
  }
};

TEST_F(StrangeLeaseTest, IsLostWhenItsRecordIsReplaced) {
  for (const std::string& value :
       {std::string(), std::string("{"), format_lease({.holder = "c", .tenure = "t"}),
        format_lease({.holder = "", .tenure = "t"})}) {
    testing::VirtualTime own_world;
    const auto own = std::make_shared<testing::SimulatedRegistry>(own_world, 1);
    Contender a(own_world, *own, "a");
    a.want();
    ASSERT_TRUE(own_world.run_until([&] { return a.holds(); }, kShortly));
    const auto tenure = a.lease->tenure();

    ASSERT_THAT(own->put("leader", value, a.epoch()), testing::Succeeds());

    EXPECT_TRUE(own_world.run_until([&] { return !a.holds(); }, kShortly)) << value;
    EXPECT_THAT(a.lost, SizeIs(1));
    EXPECT_FALSE(tenure->is_held());
  }
}

TEST_F(StrangeLeaseTest, ARecordThatCannotBeReadIsToldOnceAndWaitedOut) {
  ASSERT_THAT(registry->put("leader", "[1]", 0), testing::Succeeds());
  Contender a(world, *registry, "a");
  a.want();

  world.advance(milliseconds(1'000));
  a.link->interrupt();
  world.advance(milliseconds(3'000));
  EXPECT_THAT(a.tenures, IsEmpty());
  EXPECT_THAT(a.logged, ElementsAre(HasSubstr("revision 1, that is ignored")));
  EXPECT_THAT(a.lease->waiting_for(), HasSubstr("cannot be read"));

  EXPECT_TRUE(world.run_until([&] { return a.holds(); }, milliseconds(100)));
}

TEST_F(StrangeLeaseTest, OneWhoseKeyIsRemovedIsWaitedOut) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();
  world.advance(milliseconds(100));
  const auto tenure = a.lease->tenure();
  a.link->cut();  // it cannot see that

  ASSERT_THAT(registry->put("leader", "", registry->get("leader")->revision), testing::Succeeds());

  ASSERT_TRUE(world.run_until([&] { return b.holds(); }, seconds(4)));
  EXPECT_FALSE(tenure->is_held());
  EXPECT_LE(tenure->until(), world.now());
}

TEST_F(StrangeLeaseTest, AForeignTtlCountsUpToTheLongestAllowed) {
  const auto put = registry->put(
      "leader", R"({"v":1,"holder":"x","tenure":"t","ttl_ms":999999999,"count":1})", 0);
  ASSERT_THAT(put, testing::Succeeds());
  Contender a(world, *registry, "a");
  a.want();

  world.advance(seconds(60));
  EXPECT_THAT(a.tenures, IsEmpty());

  EXPECT_TRUE(world.run_until([&] { return a.holds(); }, seconds(1)));
}

TEST_F(StrangeLeaseTest, AfterTheRegistryWasSetBackNobodyIsOverlapped) {
  Contender a(world, *registry, "a");
  Contender b(world, *registry, "b");
  let_hold(a);
  b.want();
  world.advance(milliseconds(100));
  const BootTime until = a.lease->tenure()->until();
  a.link->cut();
  b.link->cut();
  registry->set_back();
  b.link->heal();

  ASSERT_TRUE(world.run_until([&] { return b.holds(); }, seconds(10)));

  EXPECT_GE(world.now(), until);
  EXPECT_FALSE(a.holds());
}

TEST_F(StrangeLeaseTest, AHolderNoticesThatTheRegistryWasSetBack) {
  Contender a(world, *registry, "a");
  let_hold(a);

  registry->set_back();

  EXPECT_TRUE(world.run_until([&] { return !a.holds(); }, seconds(1)));
  EXPECT_THAT(a.lost, ElementsAre(HasSubstr("set back")));
}

TEST_F(StrangeLeaseTest, ItsDataGoesWithItAtOnce) {
  Contender a(world, *registry, "a");
  let_hold(a);

  a.scheduler->post([&] { a.lease->set_data(R"({"load":1})"); });

  EXPECT_TRUE(world.run_until([&] { return stored().data == R"({"load":1})"; }, kShortly));
  EXPECT_EQ(stored().holder, "a");
}

TEST_F(StrangeLeaseTest, NothingIsCalledOnceItIsGone) {
  auto a = std::make_unique<Contender>(world, *registry, "a");
  let_hold(*a);
  world.advance(milliseconds(750));  // a renewal is on its way
  const std::weak_ptr<Lease> seen = a->lease;
  a->lease->mute();
  a->watch.reset();
  a->lease.reset();

  world.advance(seconds(10));

  EXPECT_TRUE(seen.expired());
  EXPECT_THAT(a->lost, IsEmpty());
}

}  // namespace
}  // namespace aether
