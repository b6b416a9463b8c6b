// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"

#include "sqlite/store_internal.hpp"
#include "sqlite/test_folder.hpp"
#include "sqlite/test_sql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace aether::sqlite {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

Event order_placed(const std::string& actor_id) {
  return {.event_type = "OrderPlaced", .actor_id = actor_id};
}

class StoreTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "events.db") const { return folder_.file(name); }

  Store& store() {
    if (!store_) store_ = open(path()).value();
    return *store_;
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, AppendsThatWaitTogetherShareASync) {
  std::promise<void> begun;
  std::promise<void> go_on;
  store().append_async({order_placed("first")}, {}, [&](const Result<Appended>&) {
    begun.set_value();
    go_on.get_future().wait();  // holds the leader, so that the rest gathers behind it
  });
  begun.get_future().wait();
  const auto log_before = std::filesystem::file_size(path() + "-wal");
  std::vector<std::promise<Position>> done(100);
  for (auto& promise : done) {
    store().append_async({order_placed("order-1")}, {},
                         [&promise](const Result<Appended>& r) { promise.set_value(r->position); });
  }
  go_on.set_value();

  Position last = 1;
  for (auto& promise : done) EXPECT_EQ(promise.get_future().get(), ++last);
  const auto log_pages = (std::filesystem::file_size(path() + "-wal") - log_before) / 4096;
  EXPECT_LT(log_pages, 50U) << "a hundred transactions would have written two pages each";
}

TEST_F(StoreTest, ConflictsWithinAGroupAreJudgedInOrder) {
  std::promise<void> begun;
  std::promise<void> go_on;
  store().append_async({order_placed("first")}, {}, [&](const Result<Appended>&) {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  std::vector<Result<Appended>> outcomes(3);
  std::latch all(3);
  for (Result<Appended>& outcome : outcomes) {
    store().append_async({order_placed("order-1")}, {.expected_version = 0},
                         [&](Result<Appended> appended) {
                           outcome = std::move(appended);
                           all.count_down();
                         });
  }
  go_on.set_value();
  all.wait();

  EXPECT_TRUE(outcomes[0]);
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    ASSERT_FALSE(outcomes[i]);
    EXPECT_EQ(outcomes[i].error().code, Errc::version_conflict);
    EXPECT_EQ(outcomes[i].error().actor_version, 1U);
  }
}

TEST_F(StoreTest, AnAppendThatWaitsTooLongBehindOthersIsNotDone) {
  std::promise<void> begun;
  std::promise<void> go_on;
  store().append_async({order_placed("first")}, {}, [&](const Result<Appended>&) {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();

  const auto late =
      store().append(order_placed("order-1"), {.timeout = std::chrono::milliseconds(20)});
  go_on.set_value();

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unavailable);
  ASSERT_TRUE(store().append(order_placed("order-2")));
  EXPECT_EQ(store().latest_version("order-1"), 0U) << "what was called unavailable is never done";
}

TEST_F(StoreTest, AnAppendThatWasTakenUpButNotFinishedInTimeIsOfUnknownOutcome) {
  ASSERT_TRUE(store().append(order_placed("first")));
  Sql other(path());
  other.run("BEGIN IMMEDIATE");  // another program's lock holds the leader within a group
  std::promise<void> stored;
  store().append_async({order_placed("order-1")}, {},
                       [&](const Result<Appended>&) { stored.set_value(); });
  Event event = order_placed("order-2");
  event.id = "mine";

  // Taken into the same group as the first, or into the next one, according to who comes first.
  const auto late = store().append(event, {.expected_version = 0, .timeout = seconds(1)});
  other.run("ROLLBACK");
  stored.get_future().wait();

  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().code, ::testing::AnyOf(Errc::outcome_unknown, Errc::unavailable));
  const auto retried = store().append(event, {.expected_version = 0});
  ASSERT_TRUE(retried);
  EXPECT_EQ(retried->version, 1U);
  EXPECT_EQ(store().read("order-2")->size(), 1U) << "stored once, whatever became of the first";
}

TEST_F(StoreTest, AnAppendFromACompletionIsRefusedAndAnAsynchronousOneIsNot) {
  std::promise<Result<Appended>> nested;
  std::promise<Result<Appended>> chained;
  store().append_async({order_placed("order-1")}, {}, [&](const Result<Appended>&) {
    nested.set_value(store().append(order_placed("order-2")));
    store().append_async({order_placed("order-3")}, {},
                         [&](Result<Appended> result) { chained.set_value(std::move(result)); });
  });

  EXPECT_EQ(nested.get_future().get().error().code, Errc::invalid_argument);
  EXPECT_TRUE(chained.get_future().get());
}

TEST_F(StoreTest, ACompletionThatThrowsHarmsNobody) {
  std::promise<void> second;
  store().append_async({order_placed("order-1")}, {},
                       [](const Result<Appended>&) { throw std::runtime_error("mine"); });
  store().append_async({order_placed("order-1")}, {}, [&](const Result<Appended>& result) {
    EXPECT_TRUE(result);
    second.set_value();
  });

  EXPECT_EQ(second.get_future().wait_for(seconds(30)), std::future_status::ready);
}

TEST_F(StoreTest, ClosingStoresWhatWasQueued) {
  for (int i = 0; i < 500; ++i) {
    store().append_async({order_placed("order-1")}, {}, [](const Result<Appended>&) {});
  }
  store_.reset();

  EXPECT_EQ(store().latest_version("order-1"), 500U);
}

TEST_F(StoreTest, AChainOfAppendsFromCompletionsEndsWhenTheStoreIsClosed) {
  std::optional<Errc> end;
  Version stored = 0;
  Store& closing = store();
  std::function<void()> append_next = [&] {
    closing.append_async({order_placed("order-1")}, {}, [&](const Result<Appended>& appended) {
      if (!appended) {
        end = appended.error().code;
      } else {
        stored = appended->version;
        append_next();
      }
    });
  };
  append_next();
  store_.reset();

  EXPECT_EQ(end, Errc::closed);
  EXPECT_EQ(store().latest_version("order-1"), stored);
}

TEST_F(StoreTest, WhatAnotherProgramAddedIsTakenIntoAccount) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  Sql(path()).run(
      "INSERT INTO events SELECT 2, actor, 2, actor, event_type, 'x', timestamp, NULL, NULL, hash, "
      "data FROM events");

  EXPECT_EQ(store().append(order_placed("order-1"), {.expected_version = 1}).error().actor_version,
            2U);
  EXPECT_EQ(store().append(order_placed("order-1"))->position, 3U);
}

TEST_F(StoreTest, AQueueThatIsFullMakesAppendsWaitAndLosesNone) {
  store_ = open(path(), {.max_queued_bytes = 4'096}).value();
  std::atomic<int> stored{0};
  for (int i = 0; i < 300; ++i) {
    store().append_async({order_placed("order-1")}, {},
                         [&](const Result<Appended>& result) { stored += result ? 1 : 0; });
  }
  store_.reset();

  EXPECT_EQ(stored, 300);
}

TEST_F(StoreTest, ForgettingHeadsChangesNothing) {
  store_ = open(path(), {.head_cache_actors = 4}).value();
  for (int round = 1; round <= 3; ++round) {
    for (int actor = 0; actor < 50; ++actor) {
      const auto appended = store().append(order_placed("order-" + std::to_string(actor)));
      ASSERT_TRUE(appended);
      ASSERT_EQ(appended->version, static_cast<Version>(round));
    }
  }

  EXPECT_EQ(verify(store())->finding_count, 0U);
}

TEST_F(StoreTest, ASubscriptionSeesWhatAnotherProcessAppends) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  auto reader = open(path(), {.access = Access::read_only}).value();
  std::promise<void> second;
  auto subscription =
      reader->subscribe({}, 1, [&](const EventPtr&) { second.set_value(); }).value();

  ASSERT_TRUE(store().append(order_placed("order-1")));

  EXPECT_EQ(second.get_future().wait_for(seconds(30)), std::future_status::ready);
}

TEST_F(StoreTest, ABackupTakenWhileAppendsGoOnIsAWholeStore) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  ASSERT_TRUE(store().snapshots().save({.actor_id = "order-1", .version = 1, .schema = "s"}));
  std::jthread writer([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(store().append(order_placed("order-2")));
  });
  std::uint64_t pages = 0;
  const auto copied =
      store().backup(path("copy.db"), [&](BackupProgress p) { pages = p.pages_done; });
  writer.request_stop();
  writer.join();

  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_GT(pages, 0U);
  auto copy = open(path("copy.db")).value();
  EXPECT_EQ(copy->latest_version("order-1"), 1U);
  EXPECT_EQ(copy->snapshots().load("order-1")->version, 1U);
  EXPECT_EQ(verify(*copy)->finding_count, 0U);
  EXPECT_TRUE(copy->append(order_placed("order-1")));
}

TEST_F(StoreTest, ABackupIsAsPrivateAsTheDatabase) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  namespace fs = std::filesystem;
  const fs::perms owner_only = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(path(), owner_only);

  ASSERT_TRUE(store().backup(path("copy.db")));

  EXPECT_EQ(fs::status(path("copy.db")).permissions(), owner_only);
}

TEST_F(StoreTest, ABackupTakesNoNameThatBelongsToADatabase) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  std::ofstream(path("old.db-wal")) << "a log of an earlier database";

  for (const char* suffix : {"-wal", "-shm", "-journal", "-lock"}) {
    EXPECT_EQ(store().backup(path() + suffix).error().code, Errc::invalid_argument) << suffix;
  }
  EXPECT_EQ(store().backup(path("old.db")).error().code, Errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path("old.db")));
}

TEST_F(StoreTest, ABackupOverwritesNothingAndLeavesNothingHalfDone) {
  ASSERT_TRUE(store().append(order_placed("order-1")));
  std::ofstream(path("there.db")) << "precious";
  std::stop_source stopped;
  stopped.request_stop();

  EXPECT_EQ(store().backup(path("there.db")).error().code, Errc::invalid_argument);
  EXPECT_EQ(store().backup(path()).error().code, Errc::invalid_argument);
  EXPECT_EQ(store().backup(path("no/where.db")).error().code, Errc::not_found);
  EXPECT_EQ(store().backup(path("copy.db"), {}, stopped.get_token()).error().code, Errc::closed);

  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    files.push_back(entry.path().filename());
  }
  EXPECT_THAT(files, ::testing::Not(::testing::Contains(HasSubstr("copy"))));
  EXPECT_EQ(std::filesystem::file_size(path("there.db")), 8U);
}

TEST_F(StoreTest, ASnapshotWhoseBytesWereChangedIsCorrupt) {
  ASSERT_TRUE(store().snapshots().save(
      {.actor_id = "order-1", .version = 1, .schema = "s", .data = Data::json("{\"total\":1}")}));
  Sql(path()).run("UPDATE snapshots SET data = '{\"total\":2}'");

  EXPECT_EQ(store().snapshots().load("order-1").error().code, Errc::corrupt);
}

TEST_F(StoreTest, TheLogIsMovedIntoTheDatabaseWhileAppendsGoOn) {
  store_ = open_for_test(path(), {}, {.checkpoint_pages = 20}).value();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store().append(order_placed("order-1")));

  EXPECT_LT(std::filesystem::file_size(path() + "-wal"), 200 * 4096U);
  EXPECT_GT(std::filesystem::file_size(path()), 4096U);
}

}  // namespace
}  // namespace aether::sqlite
