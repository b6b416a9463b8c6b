// SPDX-License-Identifier: Apache-2.0
#include "projection/fixture_test.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

namespace aether {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = ProjectorStatus::State;

class Parking : public ProjectionFixture {
 protected:
  // "Bad" of order-1 fails, between others of its own and of other actors.
  Position append_with_poison() {
    append("order-1", "Placed");
    append("order-2", "Placed");
    bad_ = append("order-1", "Bad");
    append("order-2", "Paid");
    append("order-1", "Paid");
    return append("order-3", "Placed");
  }

  Position bad_ = 0;
};

TEST_F(Parking, TakesAPoisonEventAndWhatFollowsOfItsActorAndLetsAllElsePass) {
  fail_with("Bad", Errc::invalid_argument);
  const Position last = append_with_poison();
  const auto projector = start();

  reach(*projector, last);

  EXPECT_THAT(seen(),
              ElementsAre("order-1 Placed", "order-2 Placed", "order-2 Paid", "order-3 Placed"));
  EXPECT_EQ(calls("Bad"), 3);
  const auto parked = projector->parked().value();
  ASSERT_THAT(parked, SizeIs(2));
  EXPECT_EQ(parked[0].position, bad_);
  EXPECT_EQ(parked[0].event_type, "Bad");
  EXPECT_EQ(parked[0].version, 2U);
  EXPECT_EQ(parked[0].error, "a bad event");
  EXPECT_EQ(parked[0].attempts, 3U);
  EXPECT_EQ(parked[1].event_type, "Paid");
  EXPECT_EQ(parked[1].error, "");
  EXPECT_EQ(parked[1].attempts, 0U);
  EXPECT_EQ(projector->status().parked, 2U);
}

TEST_F(Parking, OutlivesTheProjectorAndHoldsUpWhatComesLater) {
  fail_with("Bad", Errc::invalid_argument);
  reach(*start(), append_with_poison());
  mend("Bad");
  const auto projector = start();

  reach(*projector, append("order-1", "Shipped"));

  EXPECT_THAT(projector->parked().value(), SizeIs(3));
  EXPECT_EQ(std::ranges::count(seen(), "order-1 Shipped"), 0);
}

TEST_F(Parking, EndsWithARetryInOrder) {
  fail_with("Bad", Errc::invalid_argument);
  const auto projector = start();
  reach(*projector, append_with_poison());
  mend("Bad");

  ASSERT_TRUE(projector->retry("order-1"));
  reach(*projector, append("order-1", "Shipped"));

  EXPECT_THAT(seen(),
              ElementsAre("order-1 Placed", "order-2 Placed", "order-2 Paid", "order-3 Placed",
                          "order-1 Bad", "order-1 Paid", "order-1 Shipped"));
  EXPECT_THAT(projector->parked().value(), IsEmpty());
  EXPECT_THAT(projector->retry("order-1"), FailsWith(Errc::not_found));
}

TEST_F(Parking, GoesOnWhenARetryFailsAgain) {
  fail_with("Bad", Errc::invalid_argument);
  const auto projector = start();
  reach(*projector, append_with_poison());
  fail_with("Bad", [] { return fail(Errc::invalid_argument, "still bad"); });

  const auto retried = projector->retry("order-1");

  ASSERT_THAT(retried, FailsWith(Errc::invalid_argument));
  EXPECT_EQ(retried.error().message, "still bad");
  const auto parked = projector->parked().value();
  ASSERT_THAT(parked, SizeIs(2));
  EXPECT_EQ(parked[0].error, "still bad");
  EXPECT_EQ(parked[0].attempts, 4U);
}

TEST_F(Parking, LeavesTheRestToARetryAfterADrop) {
  fail_with("Bad", Errc::invalid_argument);
  const auto projector = start();
  reach(*projector, append_with_poison());

  ASSERT_TRUE(projector->drop(bad_));
  EXPECT_THAT(projector->drop(bad_), FailsWith(Errc::not_found));
  EXPECT_THAT(projector->parked().value(), SizeIs(1));
  ASSERT_TRUE(projector->retry("order-1"));

  EXPECT_EQ(calls("Bad"), 3);
  EXPECT_EQ(seen().back(), "order-1 Paid");
  EXPECT_THAT(projector->parked().value(), IsEmpty());
}

TEST_F(Parking, SaysWhatAHandlerThrew) {
  fail_with("Bad", []() -> Result<void> { throw std::runtime_error("out of range"); });
  const Position last = append_with_poison();
  const auto projector = start();

  reach(*projector, last);

  EXPECT_THAT(projector->parked().value()[0].error, HasSubstr("threw for \"Bad\""));
  EXPECT_THAT(projector->parked().value()[0].error, HasSubstr("out of range"));
}

TEST_F(Parking, IsNotForWhatMayPass) {
  fail_with("Bad", Errc::unavailable);
  const Position last = append_with_poison();
  const auto projector = start();

  ASSERT_TRUE(eventually([&] { return calls("Bad") > 20; }));
  EXPECT_EQ(projector->status().state, State::retrying);
  EXPECT_EQ(projector->status().error->message, "a bad event");
  EXPECT_GE(projector->status().retries, 19U);
  mend("Bad");
  reach(*projector, last);

  EXPECT_THAT(projector->parked().value(), IsEmpty());
  EXPECT_EQ(projector->status().state, State::running);
  // Events before it in its step were not handled again.
  EXPECT_THAT(seen(), SizeIs(6));
}

TEST_F(Parking, IsLookedAfterWhileAStepIsTriedAgain) {
  options_.first_retry = options_.last_retry = 2 * testing::patience();
  options_.max_attempts = 1;
  fail_with("Bad", Errc::invalid_argument);
  const auto projector = start();
  reach(*projector, append_with_poison());
  fail_with("Down", Errc::unavailable);
  append("order-9", "Down");
  append("order-1", "Shipped");
  ASSERT_TRUE(eventually([&] { return projector->status().state == State::retrying; }));

  EXPECT_THAT(projector->parked().value(), SizeIs(2));
  auto done = std::async(std::launch::async, [&] {
    EXPECT_TRUE(projector->drop(bad_));
    EXPECT_TRUE(projector->retry("order-1"));
  });
  EXPECT_EQ(done.wait_for(testing::patience()), std::future_status::ready);

  EXPECT_EQ(seen().back(), "order-1 Paid");
  EXPECT_THAT(projector->parked().value(), IsEmpty());
  EXPECT_EQ(projector->status().state, State::retrying);
  EXPECT_EQ(projector->status().retries, 1U);
  mend("Down");  // or an order that waits for it would wait for ever
}

TEST_F(Parking, WaitsBetweenAttemptsAsTheClockSays) {
  testing::ManualClock clock;
  options_.clock = &clock;
  options_.first_retry = 100ms;
  options_.last_retry = 10s;
  fail_with("Bad", Errc::unavailable);
  append("order-1", "Bad");
  const auto projector = start();
  const auto failed = [&](std::uint64_t times) {
    return eventually([&] { return projector->status().retries == times; });
  };

  ASSERT_TRUE(failed(1));
  clock.advance(99ms);
  EXPECT_EQ(calls("Bad"), 1);
  clock.advance(1ms);
  ASSERT_TRUE(failed(2));
  clock.advance(199ms);  // twice as long
  EXPECT_EQ(calls("Bad"), 2);
  clock.advance(1ms);
  ASSERT_TRUE(failed(3));
  projector->stop();  // in the middle of a pause

  EXPECT_EQ(calls("Bad"), 3);
  EXPECT_EQ(projector->status().state, State::stopped);
}

TEST_F(Parking, OfMoreThanIsAllowedEndsTheProjector) {
  options_.max_parked = 2;
  fail_with("Bad", Errc::invalid_argument);
  for (const char* actor : {"order-1", "order-2", "order-3", "order-4"}) append(actor, "Bad");
  const auto projector = start();

  ASSERT_TRUE(eventually([&] { return projector->status().state == State::failed; }));

  EXPECT_THAT(projector->status().error->message, HasSubstr("more than 2 events parked"));
  EXPECT_EQ(projector->status().parked, 2U);
}

/// A model that cannot say of which event a step failed, and does all of it or nothing.
class BatchModel final : public ReadModel {
 public:
  [[nodiscard]] Result<ProjectionState> load(const Projection&) override {
    if (failing_loads > 0) {
      --failing_loads;
      return fail(Errc::unavailable, "no disk");
    }
    return ProjectionState{.checkpoint = checkpoint, .parked = parked, .revision = revision};
  }
  [[nodiscard]] Result<std::uint64_t> apply(const Projection&, const Batch& batch) override {
    if (batch.revision != revision) return fail(Errc::version_conflict, "it was replaced");
    ++steps;
    if (is_down) return fail(Errc::unavailable, "down");
    if (batch.events.empty() && !keeps_parked) return fail(Errc::invalid_argument, "of no use");
    for (const EventPtr& event : batch.events) {
      if (event->event_type == "Bad") return fail(Errc::invalid_argument, "one of them is bad");
    }
    for (const EventPtr& event : batch.events) seen.push_back(event->actor_id);
    parked.insert(parked.end(), batch.park.begin(), batch.park.end());
    checkpoint = batch.reached;
    return ++revision;
  }

  Checkpoint checkpoint;
  std::vector<ParkedEvent> parked;
  std::atomic<std::uint64_t> revision{0};
  std::vector<std::string> seen;
  std::atomic<int> steps = 0;
  std::atomic<int> failing_loads = 0;
  std::atomic<bool> is_down = false;
  std::atomic<bool> keeps_parked = true;
};

TEST_F(Parking, FindsTheEventOfAStepThatFailsAsAWhole) {
  BatchModel model;
  Position last = 0;
  std::vector<std::string> good;
  for (int i = 0; i < 100; ++i) {
    const std::string actor = "order-" + std::to_string(i);
    last = append(actor, i == 63 ? "Bad" : "Placed");
    if (i != 63) good.push_back(actor);
  }
  const auto projector = start_projector(*store_, model, projection_, options_).value();

  reach(*projector, last);
  projector->stop();

  EXPECT_EQ(model.seen, good);
  ASSERT_THAT(model.parked, SizeIs(1));
  EXPECT_EQ(model.parked[0].actor_id, "order-63");
  EXPECT_LT(model.steps, 40);  // halves, and no more
}

TEST_F(Parking, AModelThatWasReplacedIsFedFromItsNewCheckpoint) {
  BatchModel model;
  const auto projector = start_projector(*store_, model, projection_, options_).value();
  reach(*projector, append("order-1", "Placed"));

  // Replaced by one that lacks it. Only the next step finds out.
  model.checkpoint = {};
  model.seen.clear();
  ++model.revision;
  const Position last = append("order-2", "Placed");
  ASSERT_TRUE(eventually([&] { return model.revision >= 4 || projector->status().applied >= 3; }));
  projector->stop();

  EXPECT_EQ(model.checkpoint.position, last);
  EXPECT_THAT(model.seen, ElementsAre("order-1", "order-2"));
}

TEST_F(Parking, AModelThatWasReplacedTellsThatItHasNotComeSoFar) {
  BatchModel model;
  const auto projector = start_projector(*store_, model, projection_, options_).value();
  reach(*projector, append("order-1", "Placed"));

  model.is_down = true;
  model.checkpoint = {};
  ++model.revision;
  const Position last = append("order-2", "Placed");

  ASSERT_TRUE(eventually([&] { return projector->status().position == 0; }));
  EXPECT_THAT(projector->wait_until(1, 1ms), FailsWith(Errc::unavailable));
  model.is_down = false;
  reach(*projector, last);
}

TEST_F(Parking, AModelThatWasReplacedMayBeOutOfReachForAWhile) {
  BatchModel model;
  const auto projector = start_projector(*store_, model, projection_, options_).value();
  reach(*projector, append("order-1", "Placed"));

  model.failing_loads = 1'000'000;
  ++model.revision;
  const Position last = append("order-2", "Placed");

  ASSERT_TRUE(eventually([&] { return projector->status().retries > 5; }));
  EXPECT_EQ(projector->status().error->message, "no disk");
  EXPECT_THAT(projector->retry("order-1"), FailsWith(Errc::unavailable));
  model.failing_loads = 0;
  reach(*projector, last);
  EXPECT_EQ(projector->status().state, State::running);
}

TEST_F(Parking, ThatAModelCannotKeepEndsTheProjector) {
  BatchModel model;
  model.keeps_parked = false;
  append("order-1", "Bad");
  const auto projector = start_projector(*store_, model, projection_, options_).value();

  const bool has_ended = eventually([&] { return projector->status().state == State::failed; });

  model.keeps_parked = true;  // or it would never end
  ASSERT_TRUE(has_ended);
  EXPECT_EQ(projector->status().error->message, "of no use");
  EXPECT_LT(model.steps, 10);
}

/// Checkpoints that cannot be saved while `broken`.
class BreakingCheckpoints final : public CheckpointStore {
 public:
  explicit BreakingCheckpoints(CheckpointStore& inner) : inner_(inner) {}
  [[nodiscard]] Result<std::optional<CheckpointRecord>> load(std::string_view key) override {
    return inner_.load(key);
  }
  [[nodiscard]] Result<void> save(std::string_view key, const CheckpointRecord& record) override {
    if (const Errc code = broken.load(); code != Errc{}) return fail(code, "no disk");
    return inner_.save(key, record);
  }
  std::atomic<Errc> broken{Errc{}};

 private:
  CheckpointStore& inner_;
};

TEST_F(Parking, IsNotForACheckpointThatCannotBeSavedAndNoEventIsHandledAgain) {
  BreakingCheckpoints breaking(*checkpoints_);
  breaking.broken = Errc::invalid_argument;  // whatever it says, it is no event's fault
  model_ = make_read_model([this](const EventPtr& event) { return handle(event); }, breaking);
  const Position last = append_with_poison();
  const auto projector = start();

  ASSERT_TRUE(eventually([&] { return projector->status().retries > 5; }));
  breaking.broken = Errc{};
  reach(*projector, last);

  EXPECT_THAT(seen(), SizeIs(6));
  EXPECT_THAT(projector->parked().value(), IsEmpty());
}

TEST_F(Parking, IsNotForAModelThatIsBroken) {
  BreakingCheckpoints breaking(*checkpoints_);
  breaking.broken = Errc::permission_denied;
  model_ = make_read_model([this](const EventPtr& event) { return handle(event); }, breaking);
  append_with_poison();
  const auto projector = start();

  ASSERT_TRUE(eventually([&] { return projector->status().state == State::failed; }));

  EXPECT_EQ(projector->status().error->code, Errc::permission_denied);
}

}  // namespace
}  // namespace aether
