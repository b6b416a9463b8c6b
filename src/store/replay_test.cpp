// SPDX-License-Identifier: Apache-2.0
#include "aether/store/replay.hpp"

#include "aether/store/memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What happened, as text: "a b c".
std::string evolve(std::string state, const Event& event) {
  return state.empty() ? event.event_type : std::move(state) + " " + event.event_type;
}

const SnapshotCodec<std::string>& codec() {
  static const SnapshotCodec<std::string> text{
      .schema = "text/1",
      .encode = [](const std::string& state) -> Result<Data> {
        return Data::bytes(state, "text/plain");
      },
      .decode = [](const Data& data) -> Result<std::string> {
        if (data.is_json()) return fail(Errc::invalid_argument, "the state is no text");
        return std::string(data.text());
      }};
  return text;
}

/// Passes all on, counts, and fails where it is told to.
class SpyStore final : public EventStore {
 public:
  explicit SpyStore(EventStore& inner) : inner_(inner) {}

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    if (read_error) return std::unexpected(*read_error);
    auto events = inner_.read(actor_id, options);
    asked_for.push_back(options.from_version);
    if (events) largest_page = std::max(largest_page, events->size());
    if (events && twice) std::ranges::copy(std::vector(*events), std::back_inserter(*events));
    return events;
  }
  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    return inner_.read_all(filter, after, limit);
  }
  Result<Version> latest_version(std::string_view actor_id) override {
    if (latest_error) return std::unexpected(*latest_error);
    return inner_.latest_version(actor_id);
  }
  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    return inner_.subscribe(std::move(filter), after, std::move(handler));
  }
  [[nodiscard]] Durability durability() const override { return inner_.durability(); }

  std::vector<Version> asked_for;  // from which version, by each read
  std::size_t largest_page = 0;
  std::optional<Error> read_error;
  std::optional<Error> latest_error;
  bool twice = false;  // gives each page's events twice

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    return inner_.append(std::vector(events.begin(), events.end()), options);
  }

 private:
  EventStore& inner_;
};

/// Gives what it is told to, whatever was saved.
class FixedSnapshot final : public SnapshotStore {
 public:
  explicit FixedSnapshot(Result<Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
  Result<void> save(Snapshot /*snapshot*/) override { return {}; }
  Result<Snapshot> load(std::string_view /*actor_id*/) override { return snapshot_; }
  Result<void> remove(std::string_view /*actor_id*/) override { return {}; }

 private:
  Result<Snapshot> snapshot_;
};

class Replay : public ::testing::Test {
 protected:
  /// One event a second, from second 1 on.
  void append(const std::vector<std::string>& types) {
    for (const std::string& type : types) {
      Event event{.id = {}, .event_type = type, .actor_id = "order-1", .data = {}, .metadata = {}};
      event.timestamp = Timestamp(seconds(++second_));
      ASSERT_TRUE(store_.append(event).has_value());
    }
  }

  void save(std::string_view state, Version version) {
    ASSERT_TRUE(
        save_snapshot(*snapshots_, codec(), "order-1", std::string(state), version).has_value());
  }

  Replayed<std::string> full(ReplayOptions options = {}) {
    options.counters = &counters_;
    auto replayed = replay(store_, "order-1", std::string(), evolve, options);
    EXPECT_TRUE(replayed.has_value());
    return replayed ? *replayed : Replayed<std::string>{};
  }

  Replayed<std::string> from_snapshot(ReplayOptions options = {}) {
    return from_snapshot(*snapshots_, std::move(options));
  }
  Replayed<std::string> from_snapshot(SnapshotStore& snapshots, ReplayOptions options = {}) {
    options.counters = &counters_;
    options.log = [this](LogLevel level, std::string_view message) {
      EXPECT_EQ(level, LogLevel::warning);
      log_.emplace_back(message);
    };
    auto replayed = replay(store_, snapshots, codec(), "order-1", std::string(), evolve, options);
    EXPECT_TRUE(replayed.has_value());
    return replayed ? *replayed : Replayed<std::string>{};
  }

  /// The replay is full, and that is counted and logged.
  void expect_ignored(SnapshotStore& snapshots, std::string_view why) {
    const auto replayed = from_snapshot(snapshots);
    EXPECT_EQ(replayed.state, "a b c");
    EXPECT_EQ(replayed.snapshot_version, 0U);
    EXPECT_EQ(replayed.events, 3U);
    EXPECT_EQ(counters_.snapshots_ignored, 1U);
    EXPECT_EQ(counters_.snapshots_used, 0U);
    EXPECT_THAT(log_, ElementsAre(HasSubstr(std::string(why))));
  }

  std::unique_ptr<EventStore> memory_ = make_memory_event_store();
  SpyStore store_{*memory_};
  std::unique_ptr<SnapshotStore> snapshots_ = make_memory_snapshot_store();
  ReplayCounters counters_;
  std::vector<std::string> log_;
  int second_ = 0;
};

Snapshot good_snapshot() {
  return {.actor_id = "order-1",
          .version = 2,
          .schema = "text/1",
          .data = Data::bytes("a b", "text/plain")};
}

TEST_F(Replay, FoldsAllEventsInTheOrderOfVersions) {
  append({"a", "b", "c"});

  const auto replayed = full();

  EXPECT_EQ(replayed.state, "a b c");
  EXPECT_EQ(replayed.version, 3U);
  EXPECT_EQ(replayed.events, 3U);
  EXPECT_EQ(replayed.snapshot_version, 0U);
  EXPECT_EQ(counters_.replays, 1U);
  EXPECT_EQ(counters_.events, 3U);
}

TEST_F(Replay, OfAnUnknownActorGivesTheInitialStateAndVersionZero) {
  const auto replayed = replay(store_, "nobody-1", std::string("initial"), evolve);

  ASSERT_TRUE(replayed.has_value());
  EXPECT_EQ(replayed->state, "initial");
  EXPECT_EQ(replayed->version, 0U);
  EXPECT_EQ(replayed->events, 0U);
}

TEST_F(Replay, ReadsPagesAndNeverMoreThanAPage) {
  append({"a", "b", "c", "d", "e"});
  for (const std::size_t page_size : {1U, 2U, 5U, 6U, 0U}) {
    store_.largest_page = 0;
    EXPECT_EQ(full({.page_size = page_size}).state, "a b c d e") << page_size;
    EXPECT_LE(store_.largest_page, std::max<std::size_t>(page_size, 1));
  }
}

TEST_F(Replay, CrossesGapsInVersions) {
  for (const Version version : {2U, 5U, 6U, 100U}) {
    const Event event{.id = {},
                      .event_type = std::to_string(version),
                      .actor_id = "order-1",
                      .version = version,
                      .data = {},
                      .metadata = {}};
    ASSERT_TRUE(store_.append(event).has_value());
  }

  EXPECT_EQ(full({.page_size = 2}).state, "2 5 6 100");
  EXPECT_EQ(full({.until_version = 50, .page_size = 2}).state, "2 5 6");
  EXPECT_EQ(full({.until_version = 50, .page_size = 2}).version, 6U);
}

TEST_F(Replay, StopsAtAVersion) {
  append({"a", "b", "c"});

  EXPECT_EQ(full({.until_version = 0}).state, "");
  EXPECT_EQ(full({.until_version = 1}).state, "a");
  EXPECT_EQ(full({.until_version = 2, .page_size = 1}).state, "a b");
  EXPECT_EQ(full({.until_version = 3}).state, "a b c");
  EXPECT_EQ(full({.until_version = ~Version{0}}).state, "a b c");
}

TEST_F(Replay, StopsBeforeTheFirstEventAfterATime) {
  append({"a", "b", "c"});
  second_ = 0;
  append({"d"});  // second 1 again: clocks go back, versions do not

  EXPECT_EQ(full({.until_time = Timestamp(seconds(0))}).state, "");
  EXPECT_EQ(full({.until_time = Timestamp(seconds(1))}).state, "a");
  EXPECT_EQ(full({.until_time = Timestamp(seconds(2))}).state, "a b");
  EXPECT_EQ(full({.until_time = Timestamp(seconds(2)), .page_size = 1}).version, 2U);
  EXPECT_EQ(full({.until_time = Timestamp(seconds(3))}).state, "a b c d");
}

TEST_F(Replay, GivesTheErrorOfTheStore) {
  store_.read_error = Error{.code = Errc::unavailable, .message = "try again"};

  const auto replayed = replay(store_, "order-1", std::string(), evolve);

  ASSERT_FALSE(replayed.has_value());
  EXPECT_EQ(replayed.error().code, Errc::unavailable);
}

TEST_F(Replay, OfAStoreWhoseVersionsDoNotIncreaseIsCorrupt) {
  append({"a", "b"});
  store_.twice = true;

  const auto replayed = replay(store_, "order-1", std::string(), evolve);

  ASSERT_FALSE(replayed.has_value());
  EXPECT_EQ(replayed.error().code, Errc::corrupt);
}

TEST_F(Replay, LetsWhatEvolveThrowsReachTheCaller) {
  append({"a"});

  // NOLINTNEXTLINE(bugprone-unused-return-value): it does not return
  EXPECT_THROW(static_cast<void>(replay(
                   store_, "order-1", 0,
                   [](int, const Event&) -> int { throw std::runtime_error("no such event"); })),
               std::runtime_error);
}

TEST_F(Replay, GoesOnFromASnapshot) {
  append({"a", "b", "c"});
  save("A B", 2);
  store_.asked_for.clear();

  const auto replayed = from_snapshot();

  EXPECT_EQ(replayed.state, "A B c");
  EXPECT_EQ(replayed.version, 3U);
  EXPECT_EQ(replayed.events, 1U);
  EXPECT_EQ(replayed.snapshot_version, 2U);
  EXPECT_THAT(store_.asked_for, ElementsAre(3));
  EXPECT_EQ(counters_.snapshots_used, 1U);
  EXPECT_EQ(counters_.snapshots_ignored, 0U);
  EXPECT_EQ(counters_.events, 1U);
}

TEST_F(Replay, NeedsNoEventAfterASnapshotOfTheLatestVersion) {
  append({"a", "b"});
  save("A B", 2);

  const auto replayed = from_snapshot();

  EXPECT_EQ(replayed.state, "A B");
  EXPECT_EQ(replayed.version, 2U);
  EXPECT_EQ(replayed.events, 0U);
}

TEST_F(Replay, WithoutASnapshotIsFullAndNothingWasIgnored) {
  append({"a", "b"});

  EXPECT_EQ(from_snapshot().state, "a b");
  EXPECT_EQ(counters_.snapshots_ignored, 0U);
  EXPECT_TRUE(log_.empty());
}

TEST_F(Replay, DoesNotUseASnapshotThatIsNewerThanWhatIsAskedFor) {
  append({"a", "b", "c"});
  save("A B", 2);

  EXPECT_EQ(from_snapshot({.until_version = 1}).state, "a");
  EXPECT_EQ(from_snapshot({.until_version = 2}).state, "A B");
  EXPECT_EQ(counters_.snapshots_ignored, 0U) << "it is a good snapshot all the same";
}

TEST_F(Replay, UntilATimeIsFull) {
  append({"a", "b", "c"});
  save("A B", 2);

  EXPECT_EQ(from_snapshot({.until_time = Timestamp(seconds(1))}).state, "a");
  EXPECT_EQ(from_snapshot({.until_time = Timestamp(seconds(3))}).state, "a b c");
}

TEST_F(Replay, IgnoresACorruptSnapshot) {
  append({"a", "b", "c"});
  FixedSnapshot snapshots(fail(Errc::corrupt, "its checksum is wrong"));

  expect_ignored(snapshots, "its checksum is wrong");
}

TEST_F(Replay, IgnoresASnapshotThatCannotBeHad) {
  append({"a", "b", "c"});
  FixedSnapshot snapshots(fail(Errc::unavailable, "the disk is away"));

  expect_ignored(snapshots, "the disk is away");
}

TEST_F(Replay, IgnoresASnapshotOfAnotherSchema) {
  append({"a", "b", "c"});
  Snapshot other = good_snapshot();
  other.schema = "text/2";
  FixedSnapshot snapshots(other);

  expect_ignored(snapshots, "text/2");
}

TEST_F(Replay, IgnoresASnapshotThatCannotBeDecoded) {
  append({"a", "b", "c"});
  Snapshot other = good_snapshot();
  other.data = Data::json("1");
  FixedSnapshot snapshots(other);

  expect_ignored(snapshots, "the state is no text");
}

TEST_F(Replay, IgnoresASnapshotThatIsAheadOfTheHistory) {
  append({"a", "b", "c"});
  Snapshot ahead = good_snapshot();
  ahead.version = 4;
  FixedSnapshot snapshots(ahead);

  expect_ignored(snapshots, "another history");
}

TEST_F(Replay, IgnoresASnapshotOfNoVersion) {
  append({"a", "b", "c"});
  Snapshot none = good_snapshot();
  none.version = 0;
  FixedSnapshot snapshots(none);

  expect_ignored(snapshots, "another history");
}

TEST_F(Replay, IgnoresASnapshotWhoseHistoryCannotBeAskedFor) {
  append({"a", "b", "c"});
  store_.latest_error = Error{.code = Errc::unavailable, .message = "not now"};
  FixedSnapshot snapshots(good_snapshot());

  expect_ignored(snapshots, "not now");
}

TEST_F(Replay, NeedsNeitherCountersNorLog) {
  append({"a"});
  FixedSnapshot snapshots(fail(Errc::corrupt, "its checksum is wrong"));

  const auto replayed = replay(store_, snapshots, codec(), "order-1", std::string(), evolve);

  ASSERT_TRUE(replayed.has_value());
  EXPECT_EQ(replayed->state, "a");
}

TEST_F(Replay, SavesNoSnapshotThatCannotBeEncoded) {
  const SnapshotCodec<std::string> broken{.schema = "text/1",
                                          .encode = [](const std::string&) -> Result<Data> {
                                            return fail(Errc::invalid_argument,
                                                        "cannot be written");
                                          },
                                          .decode = codec().decode};

  EXPECT_FALSE(save_snapshot(*snapshots_, broken, "order-1", std::string(), 1).has_value());
  EXPECT_FALSE(snapshots_->load("order-1").has_value());
}

TEST(Durability, IsNamed) {
  EXPECT_EQ(to_string(Durability::memory()), "memory");
  EXPECT_EQ(to_string(Durability::os_buffered()), "os_buffered");
  EXPECT_EQ(to_string(Durability::fsynced()), "fsynced");
  EXPECT_EQ(to_string(Durability::replicated(3)), "replicated(3)");
}

}  // namespace
}  // namespace aether
