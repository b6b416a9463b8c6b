// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"
#include "aether/store/replay.hpp"
#include "store/hand_made_store.hpp"
#include "testing/matchers.hpp"

#include <gtest/gtest.h>

namespace aether::testing {
namespace {

int count(int state, const Event& /*event*/) { return state + 1; }

TEST(ReplayRetention, OfAHistoryWithoutItsBeginningThereIsNoState) {
  RetainingStore store(three_actors());
  store.remove_before(30);

  const auto refused = replay(store, "order-1", 0, count);
  const auto rest = replay(store, "order-1", 0, count, {.allow_shortened = true});

  ASSERT_THAT(refused, FailsWith(Errc::not_found));
  EXPECT_EQ(refused.error().actor_version, 2U);
  ASSERT_THAT(rest, Succeeds());
  EXPECT_EQ(rest->state, 2);
}

TEST(ReplayRetention, FindsNothingMissingInAHistoryThatBeginsLate) {
  const auto store = make_memory_event_store({.chain = true});
  ASSERT_THAT(store->append({.event_type = "Happened", .actor_id = "order-1", .version = 7}),
              Succeeds());

  EXPECT_EQ(replay(*store, "order-1", 0, count)->state, 1);
}

TEST(ReplayRetention, AsksForNoMoreThanASnapshotLacks) {
  RetainingStore store(three_actors());
  store.remove_before(30);
  const auto snapshots = make_memory_snapshot_store();
  const SnapshotCodec<int> codec{
      .schema = "count/1",
      .encode = [](int state) -> Result<Data> { return Data::json(std::to_string(state)); },
      .decode = [](const Data& data) -> Result<int> {
        return std::stoi(std::string(data.text()));
      }};
  ASSERT_THAT(save_snapshot(*snapshots, codec, "order-1", 1, 1), Succeeds());

  const auto replayed = replay(store, *snapshots, codec, "order-1", 0, count);

  ASSERT_THAT(replayed, Succeeds());
  EXPECT_EQ(replayed->state, 3);
  EXPECT_EQ(replayed->snapshot_version, 1U);
}

}  // namespace
}  // namespace aether::testing
