// SPDX-License-Identifier: Apache-2.0
#include "nats/stream.hpp"

#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Succeeds;

const Namespace& prod() {
  static const Namespace ns = *Namespace::parse("prod.eu");
  return ns;
}

StreamConfig made(const StreamOptions& options = {}) {
  return stream_config(StreamKind::events, prod(), options);
}

StreamConfig made_for_snapshots(const StreamOptions& options = {}) {
  return stream_config(StreamKind::snapshots, prod(), options);
}

TEST(StreamConfig, IsNamedAfterItsSubjects) {
  EXPECT_EQ(stream_name(StreamKind::snapshots, prod()), "aether=snap=prod=eu");
  EXPECT_EQ(stream_subjects(StreamKind::snapshots, prod()), "aether.snap.prod.eu.*.*");
  EXPECT_EQ(event_stream_name(prod()), "aether=ev=prod=eu");
  EXPECT_EQ(event_stream_subjects(prod()), "aether.ev.prod.eu.*.*");
}

TEST(StreamConfig, SaysAllThatTheServerIsToKeepTo) {
  EXPECT_EQ(to_json(made({.max_age = 1h, .replicas = 3, .max_bytes = 1'000}), 0),
            R"({"name":"aether=ev=prod=eu","subjects":["aether.ev.prod.eu.*.*"],)"
            R"("retention":"limits","storage":"file","discard":"new","max_age":3600000000000,)"
            R"("max_bytes":1000,"max_msgs":-1,"max_msgs_per_subject":1000000000,)"
            R"("max_msg_size":-1,"max_consumers":100000,"num_replicas":3,)"
            R"("duplicate_window":120000000000,"deny_delete":true,"deny_purge":true,)"
            R"("allow_direct":true})");
}

TEST(StreamConfig, KeepsTheLastSnapshotOfEachActorForEver) {
  EXPECT_EQ(to_json(made_for_snapshots(), kAtomicBatchLevel),
            R"({"name":"aether=snap=prod=eu","subjects":["aether.snap.prod.eu.*.*"],)"
            R"("retention":"limits","storage":"file","discard":"new","max_age":0,)"
            R"("max_bytes":-1,"max_msgs":-1,"max_msgs_per_subject":1,)"
            R"("max_msg_size":-1,"max_consumers":100000,"num_replicas":1,)"
            R"("duplicate_window":120000000000,"deny_delete":false,"deny_purge":false,)"
            R"("allow_direct":true})");
}

TEST(StreamConfig, KeepsEventsForAYearWhereNothingElseIsSaid) {
  EXPECT_THAT(to_json(made(), 0), HasSubstr(R"("max_age":31536000000000000,)"));
  EXPECT_THAT(to_json(made({.max_age = 0s}), 0), HasSubstr(R"("max_age":0,)"));
}

TEST(StreamConfig, IsInMemoryAndCompressedWhereAsked) {
  const std::string json = to_json(made({.in_memory = true, .compressed = true}), 0);

  EXPECT_THAT(json, HasSubstr(R"("storage":"memory")"));
  EXPECT_THAT(json, HasSubstr(R"("compression":"s2")"));
}

TEST(StreamConfig, PublishesForTheBusWhatItStoresWhereAsked) {
  EXPECT_THAT(to_json(made({.broadcast = true}), 0),
              HasSubstr(R"("republish":{"src":"aether.ev.prod.eu.*.*",)"
                        R"("dest":"aether.bus.prod.eu.$1.$2"})"));
  EXPECT_THAT(to_json(made({.broadcast = false}), 0), Not(HasSubstr("republish")));
  EXPECT_THAT(to_json(made_for_snapshots({.broadcast = true}), 0), Not(HasSubstr("republish")));
}

TEST(StreamConfig, AsksForAtomicBatchesWhereTheServerKnowsThem) {
  EXPECT_THAT(to_json(made(), kAtomicBatchLevel), HasSubstr(R"("allow_atomic":true)"));
  EXPECT_THAT(to_json(made(), kBatchGetLevel), Not(HasSubstr("allow_atomic")));
}

// The server refuses a window that is longer than its messages live.
TEST(StreamConfig, RemembersMessageIdsNoLongerThanMessages) {
  EXPECT_THAT(to_json(made({.max_age = 10s}), 0), HasSubstr(R"("duplicate_window":10000000000,)"));
}

TEST(CheckEventStream, TakesWhatItMade) {
  EXPECT_THAT(check_stream(StreamKind::events, made(), prod(), {}), Succeeds());
  const StreamOptions options{
      .max_age = 1h, .replicas = 3, .in_memory = true, .max_bytes = 1'000, .compressed = true};
  EXPECT_THAT(check_stream(StreamKind::events, made(options), prod(), options), Succeeds());
  EXPECT_THAT(check_stream(StreamKind::events, made(options), prod(), {}), Succeeds())
      << "what is not asked for is as it is";
}

TEST(CheckEventStream, TakesBothWaysToWriteABroadcast) {
  StreamConfig config = made({.broadcast = true});
  EXPECT_THAT(check_stream(StreamKind::events, config, prod(), {.broadcast = true}), Succeeds());
  config.republish_destination = "aether.bus.prod.eu.{{wildcard(1)}}.{{wildcard(2)}}";
  EXPECT_THAT(check_stream(StreamKind::events, config, prod(), {.broadcast = true}), Succeeds());
  EXPECT_THAT(check_stream(StreamKind::events, config, prod(), {}), Succeeds());
}

TEST(CheckEventStream, RefusesABroadcastToOthersThanTheBus) {
  for (void (*const change)(StreamConfig&) : {
           +[](StreamConfig& c) { c.republish_destination = "aether.bus.prod.us.$1.$2"; },
           +[](StreamConfig& c) { c.republish_destination = "aether.bus.prod.eu.$2.$1"; },
           +[](StreamConfig& c) { c.republish_source = "aether.ev.prod.eu.order.*"; },
           +[](StreamConfig& c) { c.republishes_headers_only = true; },
       }) {
    StreamConfig config = made({.broadcast = true});
    change(config);

    const auto checked = check_stream(StreamKind::events, config, prod(), {.broadcast = true});

    ASSERT_THAT(checked, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(checked.error().message, HasSubstr("has republish from"));
    EXPECT_THAT(check_stream(StreamKind::events, config, prod(), {.broadcast = false}), Succeeds());
  }
}

struct Refusal {
  void (*change)(StreamConfig&);
  std::string why;
};

TEST(CheckEventStream, RefusesAStreamThatCannotKeepEvents) {
  for (const Refusal& one : {
           Refusal{[](StreamConfig& c) { c.subjects = {"aether.ev.prod.>"}; }, "subjects"},
           Refusal{[](StreamConfig& c) { c.subjects.emplace_back("x"); }, "subjects"},
           Refusal{[](StreamConfig& c) { c.subjects.clear(); }, "subjects"},
           Refusal{[](StreamConfig& c) { c.retention = "workqueue"; }, "workqueue"},
           Refusal{[](StreamConfig& c) { c.no_ack = true; }, "no_ack"},
           Refusal{[](StreamConfig& c) { c.persist_mode = "async"; }, "persist_mode"},
           Refusal{[](StreamConfig& c) { c.sealed = true; }, "sealed"},
           Refusal{[](StreamConfig& c) { c.is_mirror = true; }, "mirror"},
           Refusal{[](StreamConfig& c) { c.transforms_subjects = true; }, "transforms"},
           Refusal{[](StreamConfig& c) { c.allow_rollup = true; }, "allow_rollup_hdrs"},
           Refusal{[](StreamConfig& c) { c.allow_message_ttl = true; }, "allow_msg_ttl"},
           Refusal{[](StreamConfig& c) { c.max_messages_per_subject = 999'999; }, "999999"},
           Refusal{[](StreamConfig& c) {
                     c.discard = "old";
                     c.max_bytes = 1;
                   },
                   "discard must be new"},
           Refusal{[](StreamConfig& c) {
                     c.discard = "old";
                     c.max_messages = 1;
                   },
                   "discard must be new"},
       }) {
    StreamConfig config = made();
    one.change(config);

    const auto checked = check_stream(StreamKind::events, config, prod(), {});

    ASSERT_THAT(checked, FailsWith(Errc::invalid_argument)) << one.why;
    EXPECT_THAT(checked.error().message, HasSubstr(one.why));
    EXPECT_THAT(checked.error().message, HasSubstr("aether=ev=prod=eu"));
  }
}

TEST(CheckSnapshotStream, TakesWhatItMade) {
  const StreamOptions options{
      .max_age = 1h, .replicas = 3, .in_memory = true, .max_bytes = 1'000, .compressed = true};
  EXPECT_THAT(check_stream(StreamKind::snapshots, made_for_snapshots(), prod(), {}), Succeeds());
  EXPECT_THAT(check_stream(StreamKind::snapshots, made_for_snapshots(options), prod(), options),
              Succeeds());
}

TEST(CheckSnapshotStream, RefusesAStreamThatCannotKeepSnapshots) {
  for (const Refusal& one : {
           Refusal{[](StreamConfig& c) { c = made(); }, "aether.snap.prod.eu.*.*"},
           Refusal{[](StreamConfig& c) { c.max_messages_per_subject = 2; }, "one message"},
           Refusal{[](StreamConfig& c) { c.max_messages_per_subject = -1; }, "one message"},
           Refusal{[](StreamConfig& c) { c.discards_new_per_subject = true; },
                   "discard_new_per_subject"},
           Refusal{[](StreamConfig& c) { c.no_ack = true; }, "no_ack"},
           Refusal{[](StreamConfig& c) { c.allow_rollup = true; }, "allow_rollup_hdrs"},
       }) {
    StreamConfig config = made_for_snapshots();
    one.change(config);

    const auto checked = check_stream(StreamKind::snapshots, config, prod(), {});

    ASSERT_THAT(checked, FailsWith(Errc::invalid_argument)) << one.why;
    EXPECT_THAT(checked.error().message, HasSubstr(one.why));
    EXPECT_THAT(checked.error().message, HasSubstr("cannot keep snapshots"));
  }
}

TEST(CheckEventStream, TakesAnUnlimitedStreamThatWouldDiscardTheOldest) {
  StreamConfig config = made();
  config.discard = "old";
  config.max_messages_per_subject = -1;

  EXPECT_THAT(check_stream(StreamKind::events, config, prod(), {}), Succeeds());
}

TEST(CheckEventStream, RefusesAnotherSettingThanWasAskedFor) {
  struct Difference {
    StreamOptions asked;
    std::string has, wanted;
  };
  for (const Difference& one : {
           Difference{{.max_age = 1h}, "max_age 31536000 s", "3600 s"},
           Difference{{.max_age = 0s}, "max_age 31536000 s", "for ever"},
           Difference{{.replicas = 3}, "replicas 1", "3"},
           Difference{{.in_memory = true}, "storage file", "memory"},
           Difference{{.max_bytes = 7}, "max_bytes -1", "7"},
           Difference{{.compressed = true}, "compression none", "s2"},
           Difference{{.broadcast = true},
                      "republish none",
                      R"(from "aether.ev.prod.eu.*.*" to "aether.bus.prod.eu.$1.$2")"},
       }) {
    const auto checked = check_stream(StreamKind::events, made(), prod(), one.asked);

    ASSERT_THAT(checked, FailsWith(Errc::invalid_argument)) << one.has;
    EXPECT_THAT(checked.error().message, HasSubstr("has " + one.has));
    EXPECT_THAT(checked.error().message, HasSubstr(", and " + one.wanted + " was asked for"));
  }
}

TEST(StreamConfigTest, OldServersWithReplicasNeedMessageIdsAndMustRememberThem) {
  const auto needs = [](ApiLevel level, unsigned replicas, std::chrono::nanoseconds window) {
    return needs_message_ids({.duplicate_window_ns = window.count(), .replicas = replicas}, level);
  };

  EXPECT_EQ(needs(0, 3, 2min), true);
  EXPECT_EQ(needs(0, 1, 0s), false);
  EXPECT_EQ(needs(kBatchGetLevel, 3, 0s), false);
  EXPECT_THAT(needs(0, 3, 100ms), FailsWith(Errc::invalid_argument));
}

}  // namespace
}  // namespace aether::nats
