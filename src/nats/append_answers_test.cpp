// SPDX-License-Identifier: Apache-2.0
// What a server answers to an append, and what becomes of it.
#include "aether/store/audit.hpp"
#include "nats/store_fixture.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::ConflictsAt;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Succeeds;

using AppendAnswersTest = StoreFixture;
INSTANTIATE_TEST_SUITE_P(Versions, AppendAnswersTest, tests::kVersions, tests::version_name);

// What the server refuses may be the caller's own commit, stored by an earlier call, with another
// timestamp: what comes next builds on what is there.
TEST_P(AppendAnswersTest, ARepeatOfWhatAnotherStoreHasAppendedKeepsTheChain) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  const auto first = other().append(placed("b", 2));
  ASSERT_THAT(first, Succeeds());

  const auto repeated = store().append(placed("b", 2));  // by what it remembers, it is the first

  ASSERT_THAT(repeated, Succeeds());
  EXPECT_EQ(repeated->position, first->position);
  EXPECT_TRUE(repeated->stored_already);
  ASSERT_THAT(store().append(placed("c", 3)), Succeeds());
  const auto audit = verify(other());
  ASSERT_THAT(audit, Succeeds());
  EXPECT_EQ(audit->finding_count, 0U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "c"));
}

// While a leader changes two servers may take a message: the former one refuses it and sees nothing
// stored, the new one stores it. An event without a version must not be there twice then.
TEST_P(AppendAnswersTest, WhatAFormerLeaderRefusesIsNotStoredTwice) {
  ASSERT_THAT(store().append(placed("a", 0)), Succeeds());
  int refused = 0;
  int unseen = 0;
  const OverFirst over_first(*this);
  proxy_.replace([&](const tests::ServerFrame& frame) -> std::optional<tests::ServerMessage> {
    if (frame.content.starts_with(R"({"stream":)") && refused == 0) {
      ++refused;
      return tests::ServerMessage{
          .data =
              R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},)"
              R"("stream":"aether=ev=prod=eu","seq":0})"};
    }
    if (frame.content.contains("stream_msg_get_response") && unseen == 0) {
      ++unseen;
      return tests::ServerMessage{
          .data = R"({"type":"io.nats.jetstream.api.v1.stream_msg_get_response",)"
                  R"("error":{"code":404,"err_code":10037,"description":"no message found"}})"};
    }
    return std::nullopt;
  });

  const auto appended = store().append(placed("b", 0));

  ASSERT_THAT(appended, Succeeds());
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(unseen, 1);
  EXPECT_EQ(appended->version, 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(AppendAnswersTest, ABatchOfWhichAnotherHasStoredTheFirstPartIsNotStored) {
  if (GetParam() == tests::ServerVersion::v2_9) GTEST_SKIP() << "it has no batches";
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  Event second = placed("b", 2);
  second.timestamp = Timestamp(1s);  // the same in both, so that their hashes are, too
  ASSERT_THAT(other().append(second), Succeeds());

  const auto refused = store().append(std::vector<Event>{second, placed("c", 1, "order-2")});

  EXPECT_THAT(refused, FailsWith(Errc::version_conflict));
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(AppendAnswersTest, AnActorThatIsSaidToBeNewIsNotLookedUpAndTheServerSeesWhetherItIs) {
  ASSERT_THAT(other().append(placed("b", 1, "order-2")), Succeeds());
  ASSERT_THAT(other().append(placed("c", 1, "order-3")), Succeeds());
  store();  // opens it
  std::atomic<int> answers = 0;
  const OverFirst over_first(*this);
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (!frame.subject.empty()) ++answers;
    return false;
  });

  EXPECT_THAT(store().append(placed("a", 1), {.expected_version = 0}), Succeeds());

  EXPECT_EQ(answers, 1);
  EXPECT_THAT(store().append(placed("x", 1, "order-2"), {.expected_version = 0}), ConflictsAt(1U));
  const auto repeated = store().append(placed("c", 1, "order-3"), {.expected_version = 0});
  ASSERT_THAT(repeated, Succeeds());
  EXPECT_TRUE(repeated->stored_already);
  EXPECT_THAT(stored_ids(), ElementsAre("b", "c", "a"));
}

}  // namespace
}  // namespace aether::nats
