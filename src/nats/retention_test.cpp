// SPDX-License-Identifier: Apache-2.0
// What a stream's max_age removes, and what somebody else does.
#include "nats/retention.hpp"

#include "aether/nats/store.hpp"
#include "aether/store/replay.hpp"
#include "nats/hand_made_stream.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::ConflictsAt;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;

class RetentionTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  Store& store(const StoreOptions& options = {}) {
    if (!store_) store_ = *open(*connect({.urls = {server_.url()}}), ns_, options);
    return *store_;
  }
  void append(const std::string& actor_id) {
    ASSERT_THAT(store().append({.event_type = "Happened", .actor_id = actor_id}), Succeeds());
  }
  Version first_version(const std::string& actor_id) {
    const auto events = store().read(actor_id, {.limit = 1});
    EXPECT_THAT(events, Succeeds());
    return events && !events->empty() ? events->front()->version : 0;
  }
  /// The actor has lost its first events, and has others that are new.
  void shorten(const std::string& actor_id) {
    ASSERT_TRUE(eventually([&] {
      append(actor_id);
      return first_version(actor_id) > 1;
    }));
  }
  AuditReport verified() {
    const auto report = verify(store());
    EXPECT_THAT(report, Succeeds());
    return report ? *report : AuditReport{};
  }

  const Namespace ns_ = *Namespace::parse("prod.eu");
  tests::NatsServer server_{{.version = GetParam()}};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Versions, RetentionTest, tests::kVersions, tests::version_name);

TEST_P(RetentionTest, VerifyAndReplaySayFromWhichVersionOnAHistoryIsThere) {
  store({.stream = {.max_age = 4s}});
  shorten("order-1");

  const AuditReport report = verified();
  const auto count = [](int state, const Event&) { return state + 1; };
  const auto refused = replay(store(), "order-1", 0, count);
  append("order-1");  // on a slow machine all of the others may be gone by now
  const auto rest = replay(store(), "order-1", 0, count, {.allow_shortened = true});

  EXPECT_THAT(report.findings, IsEmpty());
  ASSERT_EQ(report.shortened_count, 1U);
  EXPECT_EQ(report.shortened[0].actor_id, "order-1");
  EXPECT_GT(report.shortened[0].version, 1U);
  ASSERT_THAT(refused, FailsWith(Errc::not_found));
  EXPECT_GT(refused.error().actor_version, 1U);
  ASSERT_THAT(rest, Succeeds());
  EXPECT_GT(rest->state, 0);
}

TEST_P(RetentionTest, AnActorWhoseEventsAreAllGoneStartsAnew) {
  store({.stream = {.max_age = 1s}});
  append("order-1");
  append("order-1");
  ASSERT_TRUE(eventually([&] { return store().latest_version("order-1") == 0U; }));

  const Event event{.event_type = "Happened", .actor_id = "order-1"};
  EXPECT_THAT(store().append(event, {.expected_version = 2}), ConflictsAt(0U));
  const auto appended = store().append(event);  // the store remembers the head that is gone

  ASSERT_THAT(appended, Succeeds());
  EXPECT_EQ(appended->version, 1U);
  const AuditReport report = verified();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.shortened_count, 0U);
}

TEST_P(RetentionTest, ARemovalFromWithinIsAFindingAlsoWhereRetentionRemoves) {
  tests::make_stream(server_, ns_,
                     {{"max_age", 2'000'000'000},
                      {"duplicate_window", 1'000'000'000},
                      {"deny_delete", false},
                      {"deny_purge", false}});
  shorten("order-1");
  append("order-2");
  append("order-2");
  append("order-2");
  const auto events = store().read("order-2", {});
  ASSERT_THAT(events, Succeeds());
  ASSERT_EQ(events->size(), 3U);

  tests::delete_message(server_, ns_, sequence_of((*events)[1]->position));

  const AuditReport report = verified();
  EXPECT_EQ(report.shortened_count, 1U);
  ASSERT_EQ(report.finding_count, 2U);
  EXPECT_EQ(report.findings[0].actor_id, "order-2");
  EXPECT_EQ(report.findings[0].version, 3U);
  EXPECT_THAT(report.findings[1].what, HasSubstr("removed from within"));
  EXPECT_EQ(report.findings[1].position, position_of(sequence_of((*events)[1]->position), 0));
}

TEST_P(RetentionTest, WhatIsGoneBeforeItsTimeIsAFinding) {
  tests::make_stream(server_, ns_, {{"deny_delete", false}, {"deny_purge", false}});  // for a year
  append("order-1");
  append("order-1");
  EXPECT_THAT(verified().findings, IsEmpty());

  tests::delete_message(server_, ns_, 1);

  const AuditReport report = verified();
  EXPECT_EQ(report.shortened_count, 0U);
  ASSERT_EQ(report.finding_count, 2U);
  EXPECT_EQ(report.findings[0].version, 2U);
  EXPECT_THAT(report.findings[1].what, HasSubstr("retention cannot have removed them"));
}

TEST(Retention, IsWhatExplainsABeginningThatIsMissing) {
  StreamInfo info{.config = {.max_age_ns = std::chrono::nanoseconds(1h).count()},
                  .created = Timestamp(24h),
                  .first_sequence = 5,
                  .server_time = Timestamp(25h)};
  EXPECT_EQ(retained_from(info), position_of(5, 0));

  info.server_time -= 1ns;
  EXPECT_EQ(retained_from(info), 0U) << "the stream is younger than its max_age";
  info.server_time = kNoTimestamp;  // an old server: by our own clock
  EXPECT_EQ(retained_from(info), position_of(5, 0));
  info.config.first_sequence = 5;
  EXPECT_EQ(retained_from(info), 0U) << "it was made to begin there";
  info.config.first_sequence = 0;
  info.config.max_age_ns = 0;
  EXPECT_EQ(retained_from(info), 0U) << "it keeps messages for ever";
}

}  // namespace
}  // namespace aether::nats
