// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"

#include "projection/fixture_test.hpp"
#include "store/hand_made_store.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aether {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using testing::Gate;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = ProjectorStatus::State;

using Projectors = ProjectionFixture;

TEST_F(Projectors, ApplyWhatIsStoredAndThenWhatComes) {
  append("order-1", "Placed");
  append("order-2", "Placed");
  const auto projector = start();
  const Position last = append("order-1", "Paid");

  reach(*projector, last);

  EXPECT_THAT(seen(), ElementsAre("order-1 Placed", "order-2 Placed", "order-1 Paid"));
  EXPECT_EQ(projector->status().applied, 3U);
  EXPECT_EQ(projector->status().position, last);
}

TEST_F(Projectors, GoOnWhereTheLastOneStopped) {
  const Position first = append("order-1", "Placed");
  reach(*start(), first);
  const Position second = append("order-1", "Paid");

  reach(*start(), second);

  EXPECT_THAT(seen(), ElementsAre("order-1 Placed", "order-1 Paid"));
}

TEST_F(Projectors, ReachAPositionThatTheirFilterPassesOver) {
  projection_.filter.category = "order";
  append("order-1", "Placed");
  const auto projector = start();
  const Position last = append("customer-1", "Registered");

  reach(*projector, last);

  EXPECT_THAT(seen(), ElementsAre("order-1 Placed"));
  // And it is kept, so that nothing is read again.
  EXPECT_TRUE(eventually([&] {
    return checkpoints_->load("orders").value().value_or(CheckpointRecord{}).checkpoint.position ==
           last;
  }));
}

TEST_F(Projectors, ReachAPositionOfAnotherPartition) {
  projection_.partition = {partition_of("order-1", 2), 2};
  std::string other = "order-2";
  while (projection_.partition.contains(other)) other += "x";
  options_.look_interval = 1h;  // the checkpoint is saved for the first one, and then never
  append("order-1", "Placed");
  const auto projector = start();

  reach(*projector, append(other, "Placed"));
  reach(*projector, append(other, "Paid"));

  EXPECT_THAT(seen(), ElementsAre("order-1 Placed"));
}

TEST_F(Projectors, OfAllPartitionsTogetherApplyEveryEventOnceAndInOrderPerActor) {
  constexpr std::uint32_t kPartitions = 3;
  std::vector<std::unique_ptr<Projector>> projectors;
  for (std::uint32_t i = 0; i < kPartitions; ++i) {
    projection_.partition = {i, kPartitions};
    projectors.push_back(start());
  }
  Position last = 0;
  for (int i = 0; i < 300; ++i) {
    last = append("order-" + std::to_string(i % 10), std::to_string(i / 10));
  }

  for (const auto& projector : projectors) reach(*projector, last);

  std::map<std::string, int> next;
  for (const std::string& one : seen()) {
    const auto space = one.find(' ');
    EXPECT_EQ(one.substr(space + 1), std::to_string(next[one.substr(0, space)]++)) << one;
  }
  EXPECT_EQ(seen().size(), 300U);
}

TEST_F(Projectors, TakeAllThatWaitsIntoOneStepAndHoldNoMoreThanTheirCapacity) {
  options_.capacity = 5;
  Gate begun;
  Gate go;
  fail_with("First", [&]() -> Result<void> {
    begun.open();
    EXPECT_TRUE(go.pass());
    return {};
  });
  append("order-1", "First");
  const auto projector = start();
  ASSERT_TRUE(begun.pass());
  Position last = 0;
  for (int i = 0; i < 8; ++i) last = append("order-1", "Later");

  EXPECT_TRUE(eventually([&] { return projector->status().queued == 5; }));
  EXPECT_THAT(projector->wait_until(last, 1ms), FailsWith(Errc::unavailable));
  go.open();
  reach(*projector, last);

  EXPECT_EQ(projector->status().applied, 9U);
  EXPECT_LE(projector->status().batches, 5U);  // one, those five, and the rest as it came
}

TEST_F(Projectors, StoppedWhileTheirQueueIsFullEndAtOnceAndLoseNothing) {
  options_.capacity = 1;
  options_.batch = 1;
  Gate begun;
  Gate go;
  fail_with("First", [&]() -> Result<void> {
    begun.open();
    EXPECT_TRUE(go.pass());
    return {};
  });
  Position last = append("order-1", "First");
  for (int i = 0; i < 5; ++i) last = append("order-1", "Later");
  auto projector = start();
  ASSERT_TRUE(begun.pass());
  ASSERT_TRUE(eventually([&] { return projector->status().queued == 1; }));

  auto stopped = std::async(std::launch::async, [&] { projector->stop(); });
  ASSERT_TRUE(eventually([&] {
    return projector->wait_until(last, 0ms).error().code == Errc::closed;  // it is asked to
  }));
  go.open();
  stopped.get();
  EXPECT_EQ(projector->status().state, State::stopped);
  EXPECT_THAT(projector->wait_until(last, 1h), FailsWith(Errc::closed));
  EXPECT_THAT(projector->retry("order-1"), FailsWith(Errc::closed));
  mend("First");
  projector = start();
  reach(*projector, last);

  EXPECT_EQ(seen().size(), 6U);
}

/// A store whose subscription tells where it is when a test lets it.
class GatedStore final : public testing::HandMadeStore {
 public:
  Result<Subscription> subscribe(Filter, Position, EventHandler handler) override {
    deliver = std::move(handler);
    return Subscription(std::make_unique<Gated>(*this));
  }

  Gate asked;
  Gate tells;
  std::atomic<Position> reached = 0;
  EventHandler deliver;

 private:
  class Gated final : public Subscription::Impl {
   public:
    explicit Gated(GatedStore& store) : store_(store) {}
    void stop() override {}
    [[nodiscard]] Subscription::Status status() const override {
      store_.asked.open();
      EXPECT_TRUE(store_.tells.pass());
      return {.active = true, .position = store_.reached};
    }

   private:
    GatedStore& store_;
  };
};

TEST_F(Projectors, ThatAreStoppedDoNotPassOverWhatTheirClosedQueueLetGo) {
  GatedStore store;
  StoredEvent event;
  event.id = "1";
  event.event_type = "Placed";
  event.actor_id = "order-1";
  event.position = 1;
  const auto projector = start_projector(store, *model_, projection_, options_).value();
  ASSERT_TRUE(store.asked.pass());  // there was nothing to do

  auto stopped = std::async(std::launch::async, [&] { projector->stop(); });
  ASSERT_TRUE(eventually([&] {
    return projector->wait_until(1, 0ms).error().code == Errc::closed;  // it is asked to
  }));
  store.deliver(std::make_shared<StoredEvent>(event));
  ASSERT_EQ(projector->status().queued, 0U) << "nobody takes it";
  store.reached = 1;
  store.tells.open();
  stopped.get();

  const auto kept = checkpoints_->load("orders").value().value_or(CheckpointRecord{});
  EXPECT_EQ(kept.checkpoint.position, 0U);
  EXPECT_EQ(projector->status().position, 0U);
}

TEST_F(Projectors, ThatFailWhileTheirQueueIsFullSaySo) {
  options_.capacity = 1;
  options_.batch = 1;
  options_.max_attempts = 1;
  options_.max_parked = 1;
  fail_with("Bad", Errc::invalid_argument);
  for (int i = 0; i < 100; ++i) append("order-" + std::to_string(i), "Bad");

  const auto projector = start();

  ASSERT_TRUE(eventually([&] { return projector->status().state == State::failed; }));
  EXPECT_THAT(projector->parked(), FailsWith(projector->status().error->code));
}

/// Another process saves a checkpoint in between.
class ContestedCheckpoints final : public CheckpointStore {
 public:
  explicit ContestedCheckpoints(CheckpointStore& checkpoints) : checkpoints_(checkpoints) {}

  Result<std::optional<CheckpointRecord>> load(std::string_view key) override {
    ++loads;
    return checkpoints_.load(key);
  }
  Result<void> save(std::string_view key, const CheckpointRecord& record) override {
    if (saves++ == 0) return fail(Errc::version_conflict, "another has saved");
    return checkpoints_.save(key, record);
  }

  std::atomic<int> loads = 0;
  std::atomic<int> saves = 0;

 private:
  CheckpointStore& checkpoints_;
};

TEST_F(Projectors, ReadTheirCheckpointAgainWhereAnotherHasSavedIt) {
  ContestedCheckpoints contested(*checkpoints_);
  model_ = make_read_model([this](const EventPtr& event) { return handle(event); }, contested);
  const Position last = append("order-1", "Placed");

  reach(*start(), last);

  EXPECT_EQ(contested.loads, 2);
  EXPECT_THAT(seen(), ElementsAre("order-1 Placed", "order-1 Placed")) << "at least once";
}

TEST_F(Projectors, EndWithTheirStore) {
  const auto projector = start();

  store_.reset();

  ASSERT_TRUE(eventually([&] { return projector->status().state == State::failed; }));
  EXPECT_EQ(projector->status().error->code, Errc::closed);
  EXPECT_THAT(projector->wait_until(1, 1h), FailsWith(Errc::closed));
  EXPECT_THAT(projector->parked(), FailsWith(Errc::closed));
}

TEST_F(Projectors, RefuseAStoreThatDoesNotHaveWhatTheyHandled) {
  append("order-1", "Placed");
  reach(*start(), append("order-1", "Paid"));

  store_ = make_memory_event_store();  // a backup of a time before
  const auto behind = start_projector(*store_, *model_, projection_, options_);
  append("order-1", "Placed");
  append("order-1", "Cancelled");  // and then another history
  append("order-1", "Removed");
  const auto other = start_projector(*store_, *model_, projection_, options_);

  ASSERT_THAT(behind, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(behind.error().message, HasSubstr("restored backup"));
  EXPECT_THAT(other, FailsWith(Errc::invalid_argument));
}

TEST_F(Projectors, RefuseACheckpointOfAnotherFilter) {
  reach(*start(), append("order-1", "Placed"));

  projection_.filter.category = "order";
  const auto started = start_projector(*store_, *model_, projection_, options_);

  ASSERT_THAT(started, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(started.error().message, HasSubstr("category=order"));
}

TEST_F(Projectors, RefuseCheckpointsOfAnotherNumberOfPartitions) {
  projection_.partition = {0, 3};
  reach(*start(), append("order-1", "Placed"));

  for (const Partition other : {Partition{0, 4}, Partition{3, 4}, Partition{0, 1}}) {
    projection_.partition = other;
    const auto started = start_projector(*store_, *model_, projection_, options_);
    ASSERT_THAT(started, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(started.error().message, HasSubstr("kept in 3 partitions, and not in "));
  }
  projection_.partition = {1, 3};
  EXPECT_TRUE(start_projector(*store_, *model_, projection_, options_));
  projection_ = {.name = "alone"};
  reach(*start(), append("order-1", "Paid"));
  projection_.partition = {0, 3};
  EXPECT_THAT(start_projector(*store_, *model_, projection_, options_),
              FailsWith(Errc::invalid_argument));
}

TEST_F(Projectors, RefuseOptionsThatCanNeverWork) {
  for (const ProjectorOptions& options :
       {ProjectorOptions{.batch = 0}, ProjectorOptions{.capacity = 0},
        ProjectorOptions{.max_attempts = 0}, ProjectorOptions{.first_retry = 0ms},
        ProjectorOptions{.first_retry = 2s, .last_retry = 1s},
        ProjectorOptions{.look_interval = 0ms}}) {
    EXPECT_THAT(start_projector(*store_, *model_, projection_, options),
                FailsWith(Errc::invalid_argument));
  }
}

TEST_F(Projectors, TellTheirLagInEventsAndTime) {
  testing::ManualClock clock(Timestamp(1h));
  store_ = make_memory_event_store({.clock = &clock});
  options_.clock = &clock;
  Gate go;
  fail_with("Paid", [&]() -> Result<void> {
    EXPECT_TRUE(go.pass());
    return {};
  });
  const Position first = append("order-1", "Placed");
  const auto projector = start();
  reach(*projector, first);
  for (int i = 0; i < 5; ++i) append("order-1", "Paid");
  clock.advance(90s);

  const auto lag = projector->lag();
  const auto capped = projector->lag(3);
  go.open();
  reach(*projector, append("order-1", "Paid"));
  const auto none = projector->lag();

  EXPECT_EQ(lag->events, 5U);
  EXPECT_FALSE(lag->at_least);
  EXPECT_EQ(lag->time, 90s);
  EXPECT_EQ(capped->events, 3U);
  EXPECT_TRUE(capped->at_least);
  EXPECT_EQ(none->events, 0U);
  EXPECT_EQ(none->time, 0s);
}

}  // namespace
}  // namespace aether
