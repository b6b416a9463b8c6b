// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "sqlite/test_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

namespace aether::sqlite {
namespace {

/// What another program may do to a store's database: only add, and only at the end.
class GuardTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto store = open(folder_.file("events.db")).value();
    for (const char* actor : {"order-1", "order-1", "order-2"}) {
      ASSERT_TRUE(store->append({.event_type = "OrderPlaced", .actor_id = actor}));
    }
  }

  std::string run(const std::string& sql) const {
    sqlite3* database = nullptr;
    sqlite3_open(folder_.file("events.db").c_str(), &database);
    char* message = nullptr;
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    std::string said = message == nullptr ? "" : message;
    sqlite3_free(message);
    sqlite3_close(database);
    return said;
  }

  TestFolder folder_;
};

TEST_P(GuardTest, TheDatabaseRefusesIt) {
  EXPECT_THAT(run(GetParam()),
              ::testing::AnyOf(::testing::HasSubstr("append-only"), ::testing::HasSubstr("never")));

  auto store = open(folder_.file("events.db")).value();
  EXPECT_EQ(store->read("order-1")->size(), 2U);
  EXPECT_EQ(verify(*store)->finding_count, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Statements, GuardTest,
    ::testing::Values(
        "UPDATE events SET data = 'null'", "DELETE FROM events",
        "DELETE FROM events WHERE version = 2",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 1",
        "INSERT OR REPLACE INTO events SELECT 9, actor, version, previous_actor, event_type, id, "
        "timestamp, content_type, metadata, hash, data FROM events WHERE position = 1",
        "REPLACE INTO events SELECT * FROM events", "UPDATE actors SET name = 'x'",
        "DELETE FROM actors", "INSERT OR REPLACE INTO actors (id, name) VALUES (1, 'mallory')",
        "INSERT OR REPLACE INTO actors (id, name) VALUES (9, 'order-2')",
        "INSERT OR REPLACE INTO event_types (id, name) VALUES (1, 'Other')",
        "REPLACE INTO event_types (id, name) VALUES (9, 'OrderPlaced')",
        "UPDATE event_types SET name = 'x'", "DELETE FROM event_types",
        "UPDATE events SET version = version + 1",
        "INSERT INTO events SELECT 0, actor, 7, previous_actor, event_type, id, timestamp, "
        "content_type, metadata, hash, data FROM events WHERE position = 1"));

}  // namespace
}  // namespace aether::sqlite
