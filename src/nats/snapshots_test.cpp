// SPDX-License-Identifier: Apache-2.0
// What networks and other writers do to a store of snapshots.
#include "nats/snapshots_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const SnapshotStoreOptions kPatient{.timeout = 1'200ms};  // half of which a lost reply takes
const SnapshotStoreOptions kImpatient{.timeout = 500ms};  // where there will be no answer

/// A server's answer to a message for a stream.
bool is_stored_reply(const tests::ServerFrame& frame) {
  return frame.content.starts_with(R"({"stream":)");
}
/// An actor's last message, on its way to whom has asked.
bool is_last_message(const tests::ServerFrame& frame) {
  return frame.content.contains("Nats-Subject: " + kSubject);
}

using SnapshotsTest = SnapshotStoreTest;

INSTANTIATE_TEST_SUITE_P(Versions, SnapshotsTest, tests::kVersions, tests::version_name);

TEST_P(SnapshotsTest, ALostReplyIsMadeUpForByALookIntoTheStream) {
  use(proxy_.url(), kPatient);
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  proxy_.swallow(is_stored_reply);

  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());
  EXPECT_EQ(proxy_.swallowed(), 1U) << "it was sent once";
  EXPECT_EQ(stored_version(), 2U);

  EXPECT_THAT(store().remove("order-1"), Succeeds());
  EXPECT_EQ(proxy_.swallowed(), 2U);
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
}

TEST_P(SnapshotsTest, AfterALostReplyANewerOneOfAnotherWriterStays) {
  use(proxy_.url(), kPatient);
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (!is_stored_reply(frame)) return false;
    EXPECT_THAT(other().save(snapshot_of(3)), Succeeds());
    return true;
  });

  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());

  EXPECT_EQ(proxy_.swallowed(), 1U);
  EXPECT_EQ(stored_version(), 3U);
}

TEST_P(SnapshotsTest, AServerThatFallsSilentLeavesAnUnknownOutcomeAndARepeatIsSafe) {
  use(proxy_.url(), kImpatient);
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  bool is_silent = false;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    is_silent = is_silent || is_stored_reply(frame);
    return is_silent && !frame.subject.empty();
  });

  const auto unknown = store().save(snapshot_of(2));

  ASSERT_THAT(unknown, FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(unknown.error().message, AllOf(HasSubstr(kSubject), HasSubstr("do the same again")));
  proxy_.swallow({});
  const auto sequence = last_message()->sequence;
  EXPECT_THAT(store().save(snapshot_of(2)), Succeeds());
  EXPECT_EQ(last_message()->sequence, sequence) << "it was there already";
}

TEST_P(SnapshotsTest, WhereNothingWasSentNothingWasChanged) {
  use(proxy_.url(), kImpatient);
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  server_.stop_process();

  const auto refused = store().save(snapshot_of(2));

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was changed"));
  EXPECT_THAT(store().load("order-1"), FailsWith(Errc::unavailable));
  server_.continue_process();
  EXPECT_EQ(stored_version(), 1U);
}

// The other writer is between the look and the publishing.
TEST_P(SnapshotsTest, OfTwoWritersThatHaveSeenTheSameTheNewerWins) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  Version others = 5;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (others != 0 && is_last_message(frame)) {
      EXPECT_THAT(other().save(snapshot_of(std::exchange(others, 0))), Succeeds());
    }
    return false;
  });

  EXPECT_THAT(store().save(snapshot_of(3)), Succeeds());
  EXPECT_EQ(stored_version(), 5U) << "the older of the two has come later";

  others = 6;
  EXPECT_THAT(store().save(snapshot_of(9)), Succeeds());
  EXPECT_EQ(stored_version(), 9U) << "the newer of the two has come later";
}

TEST_P(SnapshotsTest, ARemovalLeavesWhatWasSavedInTheMeantime) {
  ASSERT_THAT(store().save(snapshot_of(7)), Succeeds());
  bool is_first = true;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (is_last_message(frame) && std::exchange(is_first, false)) {
      EXPECT_THAT(other().remove("order-1"), Succeeds());
      EXPECT_THAT(other().save(snapshot_of(2)), Succeeds());
    }
    return false;
  });

  EXPECT_THAT(store().remove("order-1"), Succeeds());

  EXPECT_EQ(stored_version(), 2U);
}

TEST_P(SnapshotsTest, ASaveFromBeforeARemovalComesTooLate) {
  ASSERT_THAT(other().save(snapshot_of(1)), Succeeds());
  ASSERT_THAT(other().remove("order-1"), Succeeds());

  const auto refused = publish(encode_snapshot(ns_, snapshot_of(1)), "1", "0");

  EXPECT_THAT(refused, HasSubstr("wrong last sequence"));
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);
}

TEST_P(SnapshotsTest, EverySaveSurvivesCuts) {
  for (Version version = 1; version <= 40; ++version) {
    if (version % 10 == 5) proxy_.cut();
    EXPECT_THAT(store().save(snapshot_of(version)), Succeeds());
    ASSERT_EQ(stored_version(), version);
  }
}

TEST_P(SnapshotsTest, OrdinaryToolsCanReadWhatIsStored) {
  ASSERT_THAT(other().save(snapshot_of(7, R"({"total":0.10})")), Succeeds());

  const auto message = last_message();

  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->body, R"({"actorId":"order-1","version":7,"schema":"order/1",)"
                           R"("timestamp":"2026-08-20T10:11:12.000000000Z",)"
                           R"("data":{"total":0.10}})");
  EXPECT_EQ(message->format, "1");
  EXPECT_EQ(message->version, "7");
}

TEST_P(SnapshotsTest, AForeignMessageIsCorruptAndIsReplacedOrRemoved) {
  other();  // makes the stream
  request(kSubject, "hello");

  const auto loaded = other().load("order-1");

  ASSERT_THAT(loaded, FailsWith(Errc::corrupt));
  EXPECT_THAT(loaded.error().message,
              AllOf(HasSubstr("message 1"), HasSubstr(kSubject), HasSubstr("Aether-Format")));
  EXPECT_EQ(loaded.error().actor_id, "order-1");
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);

  request(kSubject, "hello");
  EXPECT_THAT(other().remove("order-1"), Succeeds());
  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::not_found));
}

TEST_P(SnapshotsTest, ATamperedOneIsCorruptAndHoldsUpNobody) {
  other();
  OutgoingSnapshot message = encode_snapshot(ns_, snapshot_of(kMaxVersion, R"({"total":1})"));
  message.body.replace(message.body.find(":1}"), 3, ":9}");
  publish(message);

  const auto loaded = other().load("order-1");

  ASSERT_THAT(loaded, FailsWith(Errc::corrupt));
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("message 1"), HasSubstr("Aether-Checksum")));
  EXPECT_THAT(other().save(snapshot_of(1)), Succeeds());
  EXPECT_EQ(stored_version(), 1U);
}

TEST_P(SnapshotsTest, WhatANewerProgramMayHaveWrittenIsNotReplaced) {
  other();
  publish(encode_snapshot(ns_, snapshot_of(1)), "2");

  EXPECT_THAT(other().load("order-1"), FailsWith(Errc::corrupt));
  const auto saved = other().save(snapshot_of(5));

  ASSERT_THAT(saved, FailsWith(Errc::unsupported));
  EXPECT_THAT(saved.error().message, HasSubstr("upgrade this program"));
  EXPECT_EQ(last_message()->format, "2");
  EXPECT_THAT(other().remove("order-1"), Succeeds());
  EXPECT_THAT(other().save(snapshot_of(5)), Succeeds());
}

TEST_P(SnapshotsTest, AClosedConnectionSaysSo) {
  ASSERT_THAT(store().save(snapshot_of(1)), Succeeds());
  const auto connection = *connect({.urls = {server_.url()}});
  const auto closed = *open_snapshots(connection, ns_);

  connection->close();

  EXPECT_THAT(closed->save(snapshot_of(2)), FailsWith(Errc::closed));
  EXPECT_THAT(closed->load("order-1"), FailsWith(Errc::closed));
  EXPECT_THAT(closed->remove("order-1"), FailsWith(Errc::closed));
}

}  // namespace
}  // namespace aether::nats
