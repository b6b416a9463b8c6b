// SPDX-License-Identifier: Apache-2.0
#include "aether/store/audit.hpp"
#include "aether/sqlite/store.hpp"
#include "sqlite/test_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <string>
#include <vector>

namespace aether::sqlite {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

/// What somebody with a copy of the file, sqlite3 and a hex editor can do, and `verify` must see.
class TamperTest : public ::testing::Test {
 protected:
  // Three actors, one event each in turn: order-1 is at positions 1, 4, 7, order-2 at 2, 5, 8, …
  void SetUp() override {
    auto store = open(path()).value();
    for (int round = 1; round <= 3; ++round) {
      for (const char* actor : {"order-1", "order-2", "order-3"}) {
        ASSERT_TRUE(store->append({.event_type = round == 1 ? "OrderPlaced" : "OrderChanged",
                                   .actor_id = actor,
                                   .data = Data::json("{\"total\": " + std::to_string(round) + "}"),
                                   .metadata = {{"user", "ann"}}}));
      }
    }
    kept_ = make_digest(*store).value();
  }

  std::string path() const { return folder_.file("events.db"); }

  void tamper(const std::string& sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    for (const char* guard : {"update", "delete", "replace"}) {
      const std::string drop = std::string("DROP TRIGGER events_no_") + guard;
      sqlite3_exec(database, drop.c_str(), nullptr, nullptr, nullptr);
    }
    for (const char* table : {"actors", "event_types"}) {
      for (const char* guard : {"update", "delete"}) {
        const std::string drop = std::string("DROP TRIGGER ") + table + "_no_" + guard;
        sqlite3_exec(database, drop.c_str(), nullptr, nullptr, nullptr);
      }
    }
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  /// The database as it is now, and back to it, without what a reader left beside it.
  void keep_copy() const { std::filesystem::copy_file(path(), path() + ".good"); }
  void restore_copy() const {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path() + suffix);
    std::filesystem::rename(path() + ".good", path());
  }

  std::vector<Finding> findings(bool against_digest = false) const {
    auto store = open(path(), {.access = Access::read_only}).value();
    AuditOptions options;
    if (against_digest) options.against = kept_;
    std::vector<Finding> found = verify(*store, options).value().findings;
    std::erase_if(found, [](const Finding& f) {  // the guards, which `tamper` removes
      return f.what.find("_no_") != std::string::npos;
    });
    return found;
  }

  static auto names(const std::string& actor_id, Version version) {
    return Contains(::testing::AllOf(::testing::Field(&Finding::actor_id, actor_id),
                                     ::testing::Field(&Finding::version, version)));
  }

  TestFolder folder_;
  Digest kept_;
};

TEST_F(TamperTest, NothingIsFoundInAnUntouchedStore) { EXPECT_THAT(findings(true), IsEmpty()); }

TEST_F(TamperTest, AppendingMoreIsNoFinding) {
  ASSERT_TRUE(open(path()).value()->append({.event_type = "OrderShipped", .actor_id = "order-2"}));

  EXPECT_THAT(findings(true), IsEmpty());
}

TEST_F(TamperTest, AChangedColumnIsFoundWithItsActorAndVersion) {
  for (const char* change :
       {R"(data = '{"total": 9}')", "timestamp = timestamp + 1", R"(metadata = '{"user":"bob"}')",
        "metadata = NULL", "id = 'forged'", "event_type = 1", "content_type = 'text/plain'",
        "hash = zeroblob(32)", "hash = x'00'", "metadata = 'no json'", "event_type = 99",
        "actor = 99"}) {
    SCOPED_TRACE(change);
    keep_copy();
    tamper(std::string("UPDATE events SET ") + change + " WHERE position = 5");

    const auto found = findings();

    EXPECT_THAT(found, Not(IsEmpty()));
    if (std::string(change) != "actor = 99") {
      EXPECT_THAT(found, names("order-2", 2));
    }
    restore_copy();
  }
}

TEST_F(TamperTest, AChangedByteInTheFileIsFoundWithItsActorAndVersion) {
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::size_t at = 0;  // rows grow downwards from the page's end: the last match is position 1
  for (auto found = bytes.find("{\"total\": 2}"); found != std::string::npos;
       found = bytes.find("{\"total\": 2}", found + 1)) {
    at = found;
  }
  ASSERT_NE(at, 0U);
  file.seekp(static_cast<std::streamoff>(at) + 10);
  file.put('7');
  file.close();

  EXPECT_THAT(findings(), names("order-1", 2));
}

TEST_F(TamperTest, ARemovedRowIsFoundWithItsActorAndVersion) {
  tamper("DELETE FROM events WHERE position = 5");

  EXPECT_THAT(findings(), names("order-2", 2));
}

TEST_F(TamperTest, AnActorsLastEventCutOffIsFoundWithoutADigestWhereOthersFollow) {
  tamper("DELETE FROM events WHERE position = 8");

  EXPECT_THAT(findings(), names("order-2", 3));
}

TEST_F(TamperTest, AnActorsLastEventCutOffIsFoundAgainstADigest) {
  for (const char* where : {"position = 8", "position = 9", "position >= 8"}) {
    SCOPED_TRACE(where);
    keep_copy();
    tamper(std::string("DELETE FROM events WHERE ") + where);

    EXPECT_THAT(findings(true), ::testing::AnyOf(names("order-2", 3), names("order-3", 3)));
    restore_copy();
  }
}

TEST_F(TamperTest, TheEndOfTheStoreCutOffIsNotFoundWithoutADigest) {
  tamper("DELETE FROM events WHERE position = 9");

  EXPECT_THAT(findings(), IsEmpty()) << "if it can be, docs/audit-chain.md should say so";
}

TEST_F(TamperTest, AnEndCutOffAndHiddenByNewEventsIsFoundAgainstADigest) {
  tamper("DELETE FROM events WHERE position = 9");
  ASSERT_TRUE(open(path()).value()->append({.event_type = "OrderChanged", .actor_id = "order-1"}));

  EXPECT_THAT(findings(true), names("order-3", 3));
}

TEST_F(TamperTest, ASwappedPairIsFoundWithItsActorAndVersion) {
  tamper(
      "UPDATE events SET position = 100 WHERE position = 4; UPDATE events SET position = 4 WHERE "
      "position = 5; UPDATE events SET position = 5 WHERE position = 100");
  EXPECT_THAT(findings(), ::testing::AnyOf(names("order-2", 2), names("order-1", 2)));
}

TEST_F(TamperTest, TwoVersionsSwappedWithinAnActorAreFound) {
  tamper(
      "UPDATE events SET version = 100 WHERE position = 4; UPDATE events SET version = 2 WHERE "
      "position = 7; UPDATE events SET version = 3 WHERE position = 4");

  EXPECT_THAT(findings(), ::testing::AnyOf(names("order-1", 2), names("order-1", 3)));
}

TEST_F(TamperTest, AnAddedEventIsFound) {
  tamper(
      "INSERT INTO events SELECT 10, actor, 4, 3, event_type, 'forged', timestamp, content_type, "
      "metadata, hash, data FROM events WHERE position = 9");

  EXPECT_THAT(findings(), names("order-3", 4));
}

TEST_F(TamperTest, ARenamedActorIsFound) {
  tamper("UPDATE actors SET name = 'order-9' WHERE name = 'order-2'");

  EXPECT_THAT(findings(), names("order-9", 1));
}

TEST_F(TamperTest, AllEventsOfAnActorRemovedAreFound) {
  tamper("DELETE FROM events WHERE actor = 3");

  EXPECT_THAT(findings(), names("order-3", 1));
}

TEST_F(TamperTest, ARemovedGuardIsFound) {
  tamper("SELECT 1");
  auto store = open(path(), {.access = Access::read_only}).value();

  EXPECT_THAT(verify(*store)->findings,
              Contains(::testing::Field(&Finding::what,
                                        ::testing::HasSubstr("events_no_delete was removed"))));
}

TEST_F(TamperTest, AnAddedTriggerIsFound) {
  tamper("CREATE TRIGGER greedy BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END");
  auto store = open(path()).value();

  EXPECT_THAT(verify(*store)->findings,
              Contains(::testing::Field(&Finding::what,
                                        ::testing::HasSubstr("greedy was added on events"))));
  EXPECT_EQ(store->append({.event_type = "OrderPlaced", .actor_id = "order-1"}).error().code,
            Errc::corrupt)
      << "what the trigger swallows must not be acknowledged";
}

TEST_F(TamperTest, AnAddedIndexIsFound) {
  tamper("CREATE UNIQUE INDEX spy ON events(timestamp)");
  auto store = open(path(), {.access = Access::read_only}).value();

  EXPECT_THAT(verify(*store)->findings,
              Contains(::testing::Field(&Finding::what,
                                        ::testing::HasSubstr("index spy was added on events"))));
}

TEST_F(TamperTest, AnIdOfAnotherTypeIsFound) {
  {
    auto store = open(path()).value();
    ASSERT_TRUE(store->append({.id = "e1", .event_type = "OrderPlaced", .actor_id = "order-9"}));
  }
  tamper("UPDATE events SET id = CAST(id AS BLOB) WHERE id = 'e1'");
  auto store = open(path(), {.access = Access::read_only}).value();

  EXPECT_THAT(verify(*store)->findings, Contains(::testing::Field(&Finding::actor_id, "order-9")));
}

TEST_F(TamperTest, WithoutItsIndexAStoreIsStillRead) {
  tamper("DROP INDEX events_by_actor");
  auto store = open(path(), {.access = Access::read_only}).value();

  EXPECT_TRUE(store->read_all({.actor_id = "order-1"}, 1, 10));
  EXPECT_THAT(verify(*store)->findings,
              Contains(::testing::Field(&Finding::what,
                                        ::testing::HasSubstr("events_by_actor was removed"))));
}

TEST_F(TamperTest, ATableWhosePagesComeTwiceIsFoundAndReadToAnEnd) {
  {
    auto store = open(path()).value();
    const std::string text(500, 'x');
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(store->append({.event_type = "OrderChanged",
                                 .actor_id = "order-1",
                                 .data = Data::bytes(text, "text/plain")}));
    }
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
  std::size_t root = 0;
  const auto keep = [](void* to, int, char** columns, char**) {
    *static_cast<std::size_t*>(to) = std::stoul(columns[0]);
    return 0;
  };
  sqlite3_exec(database, "SELECT rootpage FROM sqlite_schema WHERE name = 'events'", keep, &root,
               nullptr);
  std::size_t page_size = 0;
  sqlite3_exec(database, "PRAGMA page_size", keep, &page_size, nullptr);
  sqlite3_close(database);
  std::string bytes;
  {
    std::ifstream file(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::size_t page = (root - 1) * page_size;
  ASSERT_EQ(bytes[page], 5) << "the events must need more than one page";
  // An interior page: a header of 12 bytes, then the places of its cells; each begins with the
  // number of a page below (https://www.sqlite.org/fileformat2.html#b_tree_pages).
  const auto cell = [&](std::size_t index) {
    const std::size_t at = page + 12 + 2 * index;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    return page + byte(at) * std::size_t{256} + byte(at + 1);
  };
  bytes.replace(cell(2), 4, bytes.substr(cell(1), 4));
  std::ofstream(path(), std::ios::binary) << bytes;

  EXPECT_THAT(findings(), Contains(::testing::Field(
                              &Finding::what, ::testing::HasSubstr("rows are out of order"))));
}

TEST_F(TamperTest, EveryByteOfTheRowsThatIsFlippedIsFoundOrHarmless) {
  std::string bytes;
  {
    std::ifstream file(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  auto store = open(path(), {.access = Access::read_only}).value();
  const auto content = [](EventStore& s) {
    std::vector<StoredEvent> events;
    auto page = s.read_all({}, 0, 100);
    if (page) {
      for (const EventPtr& event : page->events) events.push_back(*event);
    }
    return events;
  };
  const std::vector<StoredEvent> good = content(*store);
  store.reset();

  for (std::size_t at = 100; at < bytes.size(); at += 61) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    std::ofstream(path(), std::ios::binary) << damaged;
    auto opened = open(path(), {.access = Access::read_only});
    if (!opened) continue;  // it says so at once
    const auto report = verify(**opened, {.against = kept_});
    if (report && report->finding_count == 0) {
      ASSERT_EQ(content(**opened), good) << "byte " << at << " was changed and nobody noticed";
    }
  }
}

}  // namespace
}  // namespace aether::sqlite
