// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"
#include "testing/snapshot_store_fixture.hpp"
#include "testing/waiting.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

Snapshot snapshot_of(std::string actor_id, Version version, std::string_view json = R"({"n":1})") {
  return {.actor_id = std::move(actor_id),
          .version = version,
          .schema = "order/1",
          .data = Data::json(json),
          .timestamp = Timestamp{std::chrono::nanoseconds{42}}};
}

void what_is_saved_is_loaded(SnapshotStoreTest& t) {
  const Snapshot snapshot = snapshot_of("order-1", 7, R"({ "total":0.10, "a":1e400 })");
  t.save(snapshot);

  EXPECT_EQ(t.load("order-1"), snapshot);
}

void an_actor_without_one_has_none(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 1));

  EXPECT_THAT(t.store().load("order-2"), FailsWith(Errc::not_found));
  EXPECT_THAT(t.store().load("order"), FailsWith(Errc::not_found));
  EXPECT_THAT(t.store().load("Order-1"), FailsWith(Errc::not_found));
  EXPECT_THAT(t.store().load("order-1 "), FailsWith(Errc::not_found));
}

void a_newer_one_replaces(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 1));
  t.save(snapshot_of("order-1", kMaxVersion, "2"));

  EXPECT_EQ(t.load("order-1"), snapshot_of("order-1", kMaxVersion, "2"));
}

void an_older_one_changes_nothing(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 10, "10"));
  t.save(snapshot_of("order-1", 9, "9"));
  t.save(snapshot_of("order-1", 1, "1"));

  EXPECT_EQ(t.load("order-1"), snapshot_of("order-1", 10, "10"));
}

void one_of_the_same_version_replaces(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 3, "1"));
  Snapshot other = snapshot_of("order-1", 3);
  other.schema = "order/2";
  other.data = Data::bytes("\xff\0x"s, "application/protobuf");
  t.save(other);

  EXPECT_EQ(t.load("order-1"), other);
}

void data_is_kept_byte_for_byte(SnapshotStoreTest& t) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::vector<Data> values{
      Data(),
      Data::json(R"( {"z":1, "a":123456789012345678901234567890, "b":0.10} )"),
      Data::json("\"\xf0\x9f\x98\x80\""),
      Data::bytes(all, "application/protobuf"),
      Data::bytes("", "application/x-empty"),
      Data::bytes("{", "text/plain"),
      Data::bytes(std::string(3'000'000, '\0'), "application/x-big"),
  };
  Version version = 0;
  for (const Data& data : values) {
    Snapshot snapshot = snapshot_of("order-1", ++version);
    snapshot.data = data;
    t.save(snapshot);
    const Snapshot loaded = t.load("order-1");
    EXPECT_EQ(loaded, snapshot);
    EXPECT_EQ(loaded.data.is_json(), data.is_json());
  }
}

void odd_names_are_kept(SnapshotStoreTest& t) {
  const std::vector<std::string> names{"*",
                                       ">",
                                       "a.b",
                                       "a b",
                                       "'; DROP TABLE snapshots; --",
                                       "\"",
                                       "%",
                                       "\xf0\x9f\x98\x80",
                                       " ",
                                       "A",
                                       "a",
                                       std::string(kMaxNameBytes, 'x')};
  for (const std::string& name : names) {
    Snapshot snapshot = snapshot_of(name, 1);
    snapshot.schema = name;
    t.save(snapshot);
  }
  for (const std::string& name : names) {
    EXPECT_EQ(t.load(name).actor_id, name);
    EXPECT_EQ(t.load(name).schema, name);
  }
}

void one_without_a_timestamp_gets_one(SnapshotStoreTest& t) {
  Snapshot snapshot = snapshot_of("order-1", 1);
  snapshot.timestamp = kNoTimestamp;
  t.save(snapshot);

  EXPECT_EQ(t.load("order-1").timestamp, t.clock().now());
}

void a_removed_one_is_gone(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 5));
  t.save(snapshot_of("order-2", 5));

  EXPECT_THAT(t.store().remove("order-1"), Succeeds());
  EXPECT_THAT(t.store().remove("nobody-1"), Succeeds());

  EXPECT_THAT(t.store().load("order-1"), FailsWith(Errc::not_found));
  EXPECT_EQ(t.load("order-2").version, 5U);
  t.save(snapshot_of("order-1", 2));
  EXPECT_EQ(t.load("order-1").version, 2U) << "what was removed is not newer than anything";
}

void bad_input_is_refused(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-a", 1));
  struct BadInput {
    std::string field;
    std::function<void(Snapshot& snapshot)> spoil;
  };
  std::vector<BadInput> inputs{
      {"version", [](Snapshot& s) { s.version = 0; }},
      {"version", [](Snapshot& s) { s.version = kMaxVersion + 1; }},
      {"data", [](Snapshot& s) { s.data = Data::json("{"); }},
      {"data", [](Snapshot& s) { s.data = Data::json("\"\xff\""); }},
      {"content type", [](Snapshot& s) { s.data = Data::bytes("x", "a\nb"); }},
  };
  for (const std::string& name :
       {""s, "a\0b"s, "a\nb"s, "a\xff"s, "a\x7f"s, std::string(kMaxNameBytes + 1, 'a')}) {
    inputs.push_back({"actor id", [name](Snapshot& s) { s.actor_id = name; }});
    inputs.push_back({"schema", [name](Snapshot& s) { s.schema = name; }});
  }
  for (const auto& [field, spoil] : inputs) {
    Snapshot bad = snapshot_of("order-a", 2, "2");
    spoil(bad);
    const auto saved = t.store().save(bad);
    ASSERT_THAT(saved, FailsWith(Errc::invalid_argument)) << field;
    EXPECT_THAT(saved.error().message, HasSubstr(field));
  }
  EXPECT_EQ(t.load("order-a"), snapshot_of("order-a", 1)) << "bad input must store nothing";
}

void a_large_one_is_kept_and_a_too_large_one_refused(SnapshotStoreTest& t) {
  Snapshot snapshot = snapshot_of("order-1", 1);
  snapshot.data = Data::bytes(std::string(kDefaultMaxSnapshotBytes, 'x'), "text/plain");
  t.save(snapshot);
  Snapshot too_large = snapshot_of("order-1", 2);
  too_large.data = Data::bytes(std::string(kDefaultMaxSnapshotBytes + 1, 'x'), "text/plain");

  EXPECT_THAT(t.store().save(too_large), FailsWith(Errc::too_large));

  EXPECT_EQ(t.load("order-1"), snapshot);
}

void all_are_there_when_reopened(SnapshotStoreTest& t) {
  t.save(snapshot_of("order-1", 1));
  t.save(snapshot_of("order-1", 8, "8"));
  t.save(snapshot_of("order-2", 3));
  t.save(snapshot_of("order-3", 3));
  ASSERT_THAT(t.store().remove("order-3"), Succeeds());
  if (!t.reopen()) GTEST_SKIP() << "this store keeps nothing";

  EXPECT_EQ(t.load("order-1"), snapshot_of("order-1", 8, "8"));
  EXPECT_EQ(t.load("order-2"), snapshot_of("order-2", 3));
  EXPECT_THAT(t.store().load("order-3"), FailsWith(Errc::not_found));
  t.save(snapshot_of("order-1", 7));
  EXPECT_EQ(t.load("order-1").version, 8U);
}

void the_newest_of_many_writers_stays(SnapshotStoreTest& t) {
  constexpr std::size_t kWriters = 4;
  constexpr Version kSaves = 50;
  std::atomic<std::size_t> unfinished{kWriters};
  run_together(kWriters + 1, [&](std::size_t writer) {
    if (writer < kWriters) {
      for (Version i = 0; i < kSaves; ++i) {
        const Version version = i * kWriters + writer + 1;
        t.save(snapshot_of("order-1", version, std::to_string(version)));
      }
      --unfinished;
      return;
    }
    Version seen = 0;
    while (unfinished > 0) {
      const auto snapshot = t.store().load("order-1");
      if (!snapshot) {
        EXPECT_THAT(snapshot, FailsWith(Errc::not_found));
        EXPECT_EQ(seen, 0U);
        continue;
      }
      EXPECT_GE(snapshot->version, seen) << "a newer snapshot was replaced by an older one";
      EXPECT_EQ(snapshot->data.text(), std::to_string(snapshot->version));
      seen = snapshot->version;
    }
  });
  EXPECT_EQ(t.load("order-1").version, kWriters * kSaves);
}

}  // namespace

std::vector<SnapshotCase> snapshot_cases() {
  return {
      {"WhatIsSavedIsLoaded", what_is_saved_is_loaded},
      {"AnActorWithoutOneHasNone", an_actor_without_one_has_none},
      {"ANewerOneReplaces", a_newer_one_replaces},
      {"AnOlderOneChangesNothing", an_older_one_changes_nothing},
      {"OneOfTheSameVersionReplaces", one_of_the_same_version_replaces},
      {"DataIsKeptByteForByte", data_is_kept_byte_for_byte},
      {"OddNamesAreKept", odd_names_are_kept},
      {"OneWithoutATimestampGetsOne", one_without_a_timestamp_gets_one},
      {"ARemovedOneIsGone", a_removed_one_is_gone},
      {"BadInputIsRefused", bad_input_is_refused},
      {"ALargeOneIsKeptAndATooLargeOneRefused", a_large_one_is_kept_and_a_too_large_one_refused},
      {"AllAreThereWhenReopened", all_are_there_when_reopened},
      {"TheNewestOfManyWritersStays", the_newest_of_many_writers_stays},
  };
}

}  // namespace aether::testing
