// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/election.hpp"

#include "aether/testing/virtual_time.hpp"
#include "testing/matchers.hpp"
#include "testing/simulated_registry.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>
#include <utility>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;

/// On real threads, each candidate with a scheduler of its own.
class ElectionTest : public ::testing::Test {
 protected:
  std::shared_ptr<Registry> registry = make_memory_registry(*make_scheduler());

  [[nodiscard]] std::unique_ptr<Election> candidate(std::string id, std::string name = "leader") {
    auto made = Election::make(registry, *make_scheduler(),
                               {.id = std::move(id),
                                .name = std::move(name),
                                .lease = {.ttl = milliseconds(400), .renew = milliseconds(100)},
                                .log = {}});
    EXPECT_THAT(made, Succeeds());
    return std::move(*made);
  }
};

// NOLINTNEXTLINE(readability-identifier-naming): as GoogleTest names its own
MATCHER(IsLed, "is led") { return arg.has_value() && arg->is_held() && arg->epoch() > 0; }

TEST_F(ElectionTest, OneIsElectedAndTheNextWhenItResigns) {
  const auto a = candidate("a");
  const auto b = candidate("b");

  auto first = a->acquire();
  ASSERT_THAT(first, IsLed());
  EXPECT_TRUE(eventually([&] { return b->leader() == "a"; }));
  Result<Leadership> second = fail(Errc::closed, "");
  std::jthread waiting([&] { second = b->acquire(); });
  ASSERT_TRUE(eventually([&] { return b->waiting_for().starts_with("a holds it"); }));

  const auto lost = first->lost();
  const auto epoch = first->epoch();
  first->resign();
  EXPECT_FALSE(first->is_held());
  EXPECT_TRUE(lost.stop_requested());
  waiting.join();

  ASSERT_THAT(second, IsLed());
  EXPECT_GT(second->epoch(), epoch);
  EXPECT_TRUE(eventually([&] { return a->leader() == "b"; }));
}

TEST_F(ElectionTest, OfManyOneLeadsAtATime) {
  std::atomic<int> leading{0};
  std::atomic<bool> overlapped{false};
  std::atomic<int> led{0};

  testing::run_together(4, [&](std::size_t me) {
    const auto election = candidate("node-" + std::to_string(me));
    for (int i = 0; i < 10; ++i) {
      auto leadership = election->acquire({}, testing::patience());
      ASSERT_THAT(leadership, Succeeds());
      if (++leading != 1) overlapped = true;
      ++led;
      --leading;
    }
  });

  EXPECT_EQ(led, 40);
  EXPECT_FALSE(overlapped);
}

TEST_F(ElectionTest, DestroyingResigns) {
  const auto b = candidate("b");
  {
    const auto a = candidate("a");
    {
      const auto leadership = a->acquire();
    }
    ASSERT_THAT(b->acquire({}, testing::patience()), IsLed());  // and goes at once
    auto leadership = a->acquire({}, testing::patience());
    ASSERT_THAT(leadership, IsLed());
    auto moved = std::move(*leadership);
    EXPECT_TRUE(moved.is_held());
    EXPECT_FALSE(leadership->is_held());  // NOLINT(bugprone-use-after-move): that is the claim
  }
  EXPECT_THAT(b->acquire({}, testing::patience()), IsLed());
}

TEST_F(ElectionTest, ALeadershipEndsWithItsElection) {
  auto a = candidate("a");
  auto leadership = a->acquire();
  ASSERT_THAT(leadership, IsLed());

  a.reset();

  EXPECT_FALSE(leadership->is_held());
  EXPECT_TRUE(leadership->lost().stop_requested());
  const auto b = candidate("b");
  EXPECT_THAT(b->acquire({}, testing::patience()), IsLed());
}

TEST_F(ElectionTest, WaitingEndsWithTimeSayingWhatItWaitedFor) {
  const auto a = candidate("a");
  const auto b = candidate("b");
  const auto leadership = a->acquire();

  const auto waited = b->acquire({}, milliseconds(30));

  ASSERT_THAT(waited, FailsWith(Errc::unavailable));
  EXPECT_THAT(waited.error().message, HasSubstr("a holds it"));
  EXPECT_TRUE(leadership->is_held());
}

TEST_F(ElectionTest, WaitingEndsWhenAskedTo) {
  const auto a = candidate("a");
  const auto b = candidate("b");
  const auto leadership = a->acquire();
  std::stop_source stop;
  Result<Leadership> outcome;
  std::jthread waiting([&] { outcome = b->acquire(stop.get_token()); });
  ASSERT_TRUE(eventually([&] { return b->waiting_for().starts_with("a holds it"); }));

  stop.request_stop();
  waiting.join();

  EXPECT_THAT(outcome, FailsWith(Errc::closed));
  EXPECT_THAT(b->acquire(stop.get_token()), FailsWith(Errc::closed));
}

TEST_F(ElectionTest, WhoStandsOrLeadsDoesNotStandAgain) {
  const auto a = candidate("a");
  const auto leadership = a->acquire();
  ASSERT_THAT(leadership, IsLed());

  EXPECT_THAT(a->acquire(), FailsWith(Errc::invalid_argument));

  EXPECT_TRUE(leadership->is_held());
}

TEST_F(ElectionTest, EachNameHasALeaderOfItsOwn) {
  const auto a = candidate("a", "reports");
  const auto b = candidate("b", "mail.eu");

  const auto reports = a->acquire();
  const auto mail = b->acquire();

  EXPECT_THAT(reports, IsLed());
  EXPECT_THAT(mail, IsLed());
}

TEST_F(ElectionTest, BadOptionsAreRefused) {
  const auto make = [&](ElectionOptions options) {
    return Election::make(registry, *make_scheduler(), std::move(options));
  };
  EXPECT_THAT(make({.id = "", .lease = {}, .log = {}}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(make({.id = "a", .name = "a b", .lease = {}, .log = {}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(make({.id = "a", .lease = {.ttl = milliseconds(1)}, .log = {}}),
              FailsWith(Errc::invalid_argument));
}

/// In virtual time, over a link that can misbehave.
class ElectionOverLinkTest : public ::testing::Test {
 protected:
  testing::VirtualTime world;
  std::shared_ptr<testing::SimulatedRegistry> registry =
      std::make_shared<testing::SimulatedRegistry>(world, 1);
  std::shared_ptr<testing::SimulatedLink> link = registry->link();
  std::unique_ptr<Election> election =
      *Election::make(link, world.scheduler(), {.id = "a", .lease = {}, .log = {}});
  std::vector<Result<Leadership>> outcomes;

  void stand() {
    election->acquire_async(
        [this](Result<Leadership> outcome) { outcomes.push_back(std::move(outcome)); });
  }
};

TEST_F(ElectionOverLinkTest, SaysWhatItWaitsFor) {
  link->cut();
  stand();
  world.advance(seconds(1));
  EXPECT_EQ(election->waiting_for(), "the registry does not answer");
  EXPECT_EQ(election->leader(), std::nullopt);

  link->heal();
  world.advance(seconds(1));

  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_THAT(outcomes[0], IsLed());
  EXPECT_EQ(election->waiting_for(), "nothing: it holds the lease");
  EXPECT_EQ(election->leader(), "a");
  link->faults.refuse = 1;
  world.advance(seconds(1));
  EXPECT_EQ(election->waiting_for(), "a renewal (the link refuses)");
}

TEST_F(ElectionOverLinkTest, MayBeCancelledWhileItsClaimIsOnItsWay) {
  world.advance(seconds(1));
  link->faults.shortest = link->faults.longest = milliseconds(100);  // either way
  stand();
  world.advance(milliseconds(150));
  ASSERT_TRUE(registry->get("leader").has_value());

  election->cancel();
  world.advance(milliseconds(1));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_THAT(outcomes[0], FailsWith(Errc::closed));
  world.advance(seconds(1));

  EXPECT_THAT(registry->get("leader")->value, HasSubstr(R"("holder":"")"));
  EXPECT_EQ(outcomes.size(), 1U);
}

TEST_F(ElectionOverLinkTest, MayGoWhileItsClaimIsOnItsWay) {
  world.advance(seconds(1));
  stand();
  world.advance(milliseconds(1));

  election.reset();
  world.advance(seconds(1));

  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_THAT(outcomes[0], FailsWith(Errc::closed));
  ASSERT_TRUE(registry->get("leader").has_value());
  EXPECT_THAT(registry->get("leader")->value, HasSubstr(R"("holder":"")"));
}

TEST_F(ElectionOverLinkTest, GivesTheLeadershipBackThoughTheFirstTryFails) {
  stand();
  world.advance(seconds(1));
  ASSERT_EQ(outcomes.size(), 1U);
  ASSERT_THAT(outcomes[0], IsLed());
  link->faults.refuse = 1;

  election.reset();
  EXPECT_FALSE(outcomes[0]->is_held());
  world.advance(milliseconds(300));
  link->faults.refuse = 0;
  world.advance(seconds(1));

  EXPECT_THAT(registry->get("leader")->value, HasSubstr(R"("holder":"")"));
}

TEST_F(ElectionOverLinkTest, StandsAgainWithinTheCallThatTellsOfTheLoss) {
  stand();
  world.advance(seconds(1));
  ASSERT_THAT(outcomes.at(0), IsLed());
  const std::uint64_t epoch = outcomes[0]->epoch();
  const std::stop_callback again(outcomes[0]->lost(), [&] { stand(); });
  link->cut();
  world.advance(seconds(10));
  EXPECT_FALSE(outcomes[0]->is_held());

  link->heal();
  world.advance(seconds(1));

  ASSERT_EQ(outcomes.size(), 2U);
  ASSERT_THAT(outcomes[1], IsLed());
  EXPECT_GT(outcomes[1]->epoch(), epoch);
}

}  // namespace
}  // namespace aether
