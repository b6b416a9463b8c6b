// SPDX-License-Identifier: Apache-2.0
//
// Replays whose evolve returns a Result.
#include "aether/store/memory.hpp"
#include "aether/store/replay.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace aether {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Folds all but "Unknown".
Result<std::string> evolve(std::string state, const Event& event) {
  if (event.event_type == "Unknown") return fail(Errc::unsupported, "this one is not known");
  return std::move(state) + event.event_type;
}

/// An actor with an event that cannot be folded.
class ReplayResult : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* type : {"A", "B", "Unknown", "C"}) {
      ASSERT_THAT(store_->append({.event_type = type, .actor_id = "order-1"}), testing::Succeeds());
    }
  }

  static void expect_it_ended_at_the_unknown(const Result<Replayed<std::string>>& replayed) {
    ASSERT_THAT(replayed, testing::FailsWith(Errc::unsupported));
    EXPECT_THAT(replayed.error().message,
                AllOf(HasSubstr(R"(version 3 of "order-1")"), HasSubstr("this one is not known")));
    EXPECT_EQ(replayed.error().actor_id, "order-1");
    EXPECT_EQ(replayed.error().actor_version, 3U);
    EXPECT_EQ(replayed.error().position, 3U);
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
};

TEST_F(ReplayResult, IsTheStateWhereAllEventsFold) {
  const auto replayed = replay(*store_, "order-1", std::string(), evolve, {.until_version = 2});

  ASSERT_THAT(replayed, testing::Succeeds());
  EXPECT_EQ(replayed->state, "AB");
  EXPECT_EQ(replayed->version, 2U);
}

TEST_F(ReplayResult, IsTheFirstErrorOfEvolveWithItsPlace) {
  ReplayCounters counters;
  expect_it_ended_at_the_unknown(
      replay(*store_, "order-1", std::string(), evolve, {.counters = &counters}));
  EXPECT_EQ(counters.replays, 0U) << "what failed is not counted";
}

TEST_F(ReplayResult, IsTheSameFromASnapshot) {
  const SnapshotCodec<std::string> codec{
      .schema = "text/1",
      .encode = [](const std::string& state) -> Result<Data> {
        return Data::bytes(state, "text/plain");
      },
      .decode = [](const Data& data) -> Result<std::string> { return std::string(data.text()); }};
  const auto snapshots = make_memory_snapshot_store();
  ASSERT_THAT(save_snapshot(*snapshots, codec, "order-1", std::string("ab"), 2),
              testing::Succeeds());

  const auto until_there =
      replay(*store_, *snapshots, codec, "order-1", std::string(), evolve, {.until_version = 2});

  ASSERT_THAT(until_there, testing::Succeeds());
  EXPECT_EQ(until_there->state, "ab");
  expect_it_ended_at_the_unknown(
      replay(*store_, *snapshots, codec, "order-1", std::string(), evolve));
}

TEST(ReplayOfResults, NeedsNoSecondResultAroundThem) {
  using State = Result<int>;
  const auto store = make_memory_event_store();
  ASSERT_THAT(store->append({.event_type = "Broken", .actor_id = "machine-1"}),
              testing::Succeeds());

  const auto replayed = replay(*store, "machine-1", State(0), [](const State&, const Event&) {
    return State(fail(Errc::closed, "broken"));
  });

  ASSERT_THAT(replayed, testing::Succeeds());
  EXPECT_THAT(replayed->state, testing::FailsWith(Errc::closed));
}

}  // namespace
}  // namespace aether
