// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/read_model.hpp"

#include "aether/projection/projector.hpp"
#include "aether/sqlite/store.hpp"
#include "aether/store/memory.hpp"
#include "sqlite/test_folder.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether::sqlite {
namespace {

using namespace std::chrono_literals;
using aether::testing::eventually;
using aether::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The first column of what another program's connection reads, row by row.
std::vector<std::string> ask(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  std::vector<std::string> rows;
  const auto take = [](void* out, int, char** columns, char**) {
    static_cast<std::vector<std::string>*>(out)->emplace_back(columns[0] ? columns[0] : "NULL");
    return 0;
  };
  sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), take, &rows, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
  return rows;
}

class ReadModels : public ::testing::Test {
 protected:
  ReadModels() {
    options_ = {.schema = "orders/1",
                .create = "CREATE TABLE log (n INTEGER PRIMARY KEY, actor TEXT, type TEXT)"};
    options_.handlers["orders"] = [this](Transaction& transaction, const EventPtr& event) {
      return handle(transaction, event);
    };
  }

  Result<void> handle(Transaction& transaction, const EventPtr& event) {
    auto added = transaction.execute("INSERT INTO log (actor, type) VALUES (?1, ?2)",
                                     {event->actor_id, event->event_type});
    if (!added) return added;
    return extra_ && event->event_type == "Bad" ? extra_(transaction) : Result<void>();
  }

  void open() { model_ = open_read_model(path_, options_).value(); }
  [[nodiscard]] std::unique_ptr<Projector> start() {
    return start_projector(*store_, *model_, projection_, projector_options_).value();
  }
  Position append(const std::string& actor, const std::string& type) {
    return store_->append({.event_type = type, .actor_id = actor}).value().position;
  }
  static void reach(Projector& projector, Position position) {
    const auto reached = projector.wait_until(position, aether::testing::patience());
    ASSERT_TRUE(reached) << reached.error().message;
  }
  [[nodiscard]] std::vector<std::string> log() const {
    return ask(path_, "SELECT actor || ' ' || type FROM log ORDER BY n");
  }

  /// What a handler says of an event "Bad", given the transaction.
  [[nodiscard]] Error what_is_said(std::function<Result<void>(Transaction&)> of_bad) {
    extra_ = std::move(of_bad);
    open();
    const auto projector = start();
    reach(*projector, append("order-1", "Bad"));
    const auto parked = projector->parked().value();
    return {.message = parked.empty() ? "" : parked.front().error};
  }

  TestFolder folder_;
  std::string path_ = folder_.file("orders.db");
  ReadModelOptions options_;
  std::function<Result<void>(Transaction&)> extra_;
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  std::unique_ptr<ReadModel> model_;
  Projection projection_{.name = "orders"};
  ProjectorOptions projector_options_{
      .max_attempts = 2, .first_retry = 1ms, .last_retry = 2ms, .look_interval = 5ms};
};

TEST_F(ReadModels, TakeEachEventOnceAlsoWhenTheyAreOpenedAgain) {
  open();
  reach(*start(), append("order-1", "Placed"));
  model_.reset();
  open();
  const auto projector = start();

  reach(*projector, append("order-1", "Paid"));

  EXPECT_THAT(log(), ElementsAre("order-1 Placed", "order-1 Paid"));
}

TEST_F(ReadModels, ShowTheirCheckpointInTables) {
  projection_.filter.category = "order";
  open();
  const Position last = append("order-1", "Placed");
  reach(*start(), last);

  const auto listed = list_projections(path_).value();

  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].key, "orders");
  EXPECT_EQ(listed[0].projection, projection_);
  EXPECT_EQ(listed[0].checkpoint.position, last);
  EXPECT_EQ(listed[0].checkpoint.event_position, last);
  EXPECT_EQ(listed[0].checkpoint.event_id, store_->read("order-1").value()[0]->id);
  EXPECT_GT(listed[0].updated_at, Timestamp{});
  EXPECT_THAT(ask(path_, "SELECT schema FROM aether_model"), ElementsAre("orders/1"));
  EXPECT_THAT(ask(path_, "SELECT filter FROM aether_projections"), ElementsAre("category=order"));
}

TEST_F(ReadModels, UndoWhatAFailedEventDidAndParkIt) {
  extra_ = [](Transaction&) { return fail(Errc::invalid_argument, "no such customer"); };
  open();
  const Position bad = append("order-1", "Bad");
  append("order-2", "Placed");
  const auto projector = start();
  reach(*projector, append("order-1", "Paid"));

  EXPECT_THAT(log(), ElementsAre("order-2 Placed"));
  const auto parked = list_parked(path_, "orders").value();
  ASSERT_THAT(parked, SizeIs(2));
  EXPECT_EQ(parked, projector->parked().value());
  EXPECT_EQ(parked[0].position, bad);
  EXPECT_EQ(parked[0].error, "no such customer");
  EXPECT_EQ(list_projections(path_).value()[0].parked, 2U);
}

TEST_F(ReadModels, RequestsForWhatIsNotThereAreRefused) {
  open();
  const auto projector = start();
  reach(*projector, append("order-1", "Placed"));

  EXPECT_THAT(request_of_projector(path_, "order", {.rebuild = true}), FailsWith(Errc::not_found));
  EXPECT_THAT(request_of_projector(path_, "orders", {.retry = {"order-1"}}),
              FailsWith(Errc::not_found));
  EXPECT_THAT(request_of_projector(path_, "orders", {.drop = {1}}), FailsWith(Errc::not_found));
  EXPECT_THAT(list_parked(path_, "order"), FailsWith(Errc::not_found));
  EXPECT_THAT(list_projections(folder_.file("none.db")), FailsWith(Errc::not_found));
}

TEST_F(ReadModels, OfAnotherSchemaMustBeRebuilt) {
  open();
  model_.reset();

  auto other_name = options_;
  other_name.schema = "orders/2";
  auto other_sql = options_;
  other_sql.create += "; CREATE TABLE more (id INTEGER)";

  ASSERT_THAT(open_read_model(path_, other_name), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_read_model(path_, other_name).error().message,
              HasSubstr("has the schema \"orders/1\", and not \"orders/2\": rebuild it"));
  ASSERT_THAT(open_read_model(path_, other_sql), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_read_model(path_, other_sql).error().message, HasSubstr("a new name"));
}

TEST_F(ReadModels, LeaveOtherFilesAsTheyAre) {
  ASSERT_TRUE(sqlite::open(path_));
  EXPECT_THAT(open_read_model(path_, options_), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(list_projections(path_), FailsWith(Errc::invalid_argument));

  const std::string theirs = folder_.file("theirs.db");
  sqlite3* database = nullptr;
  sqlite3_open(theirs.c_str(), &database);
  sqlite3_exec(database, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  EXPECT_THAT(open_read_model(theirs, options_), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(ask(theirs, "PRAGMA journal_mode"), ElementsAre("delete"));
}

TEST_F(ReadModels, AreFedByOneProcessAtATime) {
  open();

  EXPECT_THAT(open_read_model(path_, options_), FailsWith(Errc::unavailable));
}

TEST_F(ReadModels, WhoseSqlIsWrongAreNotMade) {
  options_.create += "; CREATE TABLE log (again)";

  const auto opened = open_read_model(path_, options_);

  ASSERT_THAT(opened, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(opened.error().message, HasSubstr("table log already exists"));
  options_.create = "CREATE TABLE log (n INTEGER PRIMARY KEY, actor TEXT, type TEXT)";
  EXPECT_TRUE(open_read_model(path_, options_));
}

TEST_F(ReadModels, HoldSeveralPartitionsAndKnowTheirNumber) {
  open();
  Position last = 0;
  {
    std::vector<std::unique_ptr<Projector>> projectors;
    for (std::uint32_t i = 0; i < 3; ++i) {
      projection_.partition = {i, 3};
      projectors.push_back(start());
    }
    for (int i = 0; i < 50; ++i) last = append("order-" + std::to_string(i), "Placed");
    for (const auto& projector : projectors) reach(*projector, last);
  }
  projection_.partition = {0, 4};

  const auto fourth = start_projector(*store_, *model_, projection_, projector_options_);

  EXPECT_THAT(log(), SizeIs(50));
  EXPECT_THAT(ask(path_, "SELECT key FROM aether_projections ORDER BY key"),
              ElementsAre("orders:0/3", "orders:1/3", "orders:2/3"));
  ASSERT_THAT(fourth, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(fourth.error().message, HasSubstr("kept in 3 partitions, and not in 4"));
}

TEST_F(ReadModels, AProjectionWithoutAHandlerOrWithAnotherFilterIsRefused) {
  open();
  reach(*start(), append("order-1", "Placed"));

  projection_.filter.category = "order";
  EXPECT_THAT(start_projector(*store_, *model_, projection_), FailsWith(Errc::invalid_argument));
  projection_.name = "customers";
  EXPECT_THAT(start_projector(*store_, *model_, projection_), FailsWith(Errc::invalid_argument));
}

TEST_F(ReadModels, TwoProjectorsOfOneProjectionApplyEachEventOnce) {
  open();
  const auto one = start();
  const auto other = start();
  Position last = 0;
  for (int i = 0; i < 200; ++i) last = append("order-1", std::to_string(i));

  reach(*one, last);
  reach(*other, last);

  EXPECT_THAT(log(), SizeIs(200));
}

TEST_F(ReadModels, RefuseAHandlerThatEndsTheirTransaction) {
  for (const char* sql : {"COMMIT", "ROLLBACK", "PRAGMA synchronous = OFF", "ATTACH 'x' AS x"}) {
    const TestFolder other;
    path_ = other.file("orders.db");
    const auto run = [sql](Transaction& transaction) { return transaction.execute(sql); };
    EXPECT_THAT(what_is_said(run).message, HasSubstr("not authorized")) << sql;
    model_.reset();
    store_ = make_memory_event_store();
  }
}

TEST_F(ReadModels, LoseNothingWhereAHandlersConflictUndoesTheTransaction) {
  options_.create += "; CREATE TABLE once (n INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)";
  extra_ = [](Transaction& transaction) -> Result<void> {
    const auto bad = transaction.query("SELECT count(*) FROM log WHERE type = 'Bad'");
    if (bad->front().integer(0) == 0) return {};
    static_cast<void>(transaction.execute("INSERT INTO once VALUES (1)"));
    static_cast<void>(transaction.execute("INSERT INTO once VALUES (1)"));
    static_cast<void>(transaction.execute("INSERT INTO log (actor, type) VALUES ('x', 'alone')"));
    return {};  // it does not look
  };
  append("order-1", "Placed");
  append("order-2", "Bad");
  const Position last = append("order-3", "Placed");
  open();
  projector_options_.max_attempts = 2;
  const auto projector = start();

  reach(*projector, last);
  EXPECT_THAT(log(), SizeIs(2));
  EXPECT_THAT(projector->parked().value().at(0).error, HasSubstr("undone the transaction"));
}

TEST_F(ReadModels, RefuseAHandlerThatChangesTheirTables) {
  for (const char* sql :
       {"UPDATE aether_projections SET position = 0", "DELETE FROM Aether_Parked",
        "ALTER TABLE aether_projections RENAME COLUMN position TO place",
        "CREATE TRIGGER t AFTER UPDATE ON aether_projections BEGIN DELETE FROM log; END",
        "CREATE TEMP TRIGGER t AFTER UPDATE ON aether_projections BEGIN DELETE FROM log; END",
        "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM aether_parked; END",
        "CREATE UNIQUE INDEX i ON aether_projections (name)", "DROP TABLE aether_dropped",
        "CREATE TEMP TABLE AETHER_projections (key)",
        "CREATE TEMP VIEW aether_parked AS SELECT 1"}) {
    const TestFolder other;
    path_ = other.file("orders.db");
    const auto run = [sql](Transaction& transaction) {
      auto done = transaction.execute(sql);
      // That of a trigger on a table of the handler's is looked at when it would run.
      return done ? transaction.execute("INSERT INTO log (actor) VALUES ('x')") : done;
    };
    EXPECT_THAT(what_is_said(run).message, HasSubstr("not authorized")) << sql;
    model_.reset();
    store_ = make_memory_event_store();
  }
}

TEST_F(ReadModels, TryAgainWhatTheDatabaseCouldNotDoWhateverTheHandlerSays) {
  std::atomic<int> tried = 0;
  extra_ = [&](Transaction& transaction) -> Result<void> {
    sqlite3* raw = transaction.raw();
    sqlite3_set_authorizer(raw, nullptr, nullptr);
    const char* limit = ++tried < 4 ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 9999";
    sqlite3_exec(raw, limit, nullptr, nullptr, nullptr);
    const std::string much(100'000, 'x');
    static_cast<void>(transaction.execute("INSERT INTO log (actor) VALUES (?1)", {much}));
    return {};  // it does not look
  };
  open();
  const auto projector = start();

  reach(*projector, append("order-1", "Bad"));

  EXPECT_EQ(tried, 4);
  EXPECT_THAT(projector->parked().value(), IsEmpty());
  EXPECT_THAT(log(), SizeIs(2));
}

TEST_F(ReadModels, GiveValuesAsTheyWereBound) {
  extra_ = [](Transaction& transaction) -> Result<void> {
    const std::string bytes("\0\xff", 2);
    const auto rows =
        transaction.query("SELECT ?1, ?2, ?3, ?4, ?5, typeof(?4), typeof(?6)",
                          {42U, -1.5, "text", Blob{bytes}, nullptr, std::string_view()});
    if (!rows) return std::unexpected(rows.error());
    const Row& row = rows->at(0);
    EXPECT_EQ(row.size(), 7U);
    EXPECT_EQ(row.integer(0), 42);
    EXPECT_EQ(row.real(0), 42.0);
    EXPECT_EQ(row.real(1), -1.5);
    EXPECT_EQ(row.integer(1), -1);
    EXPECT_EQ(row.text(2), "text");
    EXPECT_EQ(row.text(3), bytes);
    EXPECT_TRUE(row.is_null(4));
    EXPECT_EQ(row.text(5), "blob");
    EXPECT_EQ(row.text(6), "text");
    EXPECT_TRUE(row.is_null(7));
    EXPECT_EQ(row.integer(2), 0);
    return {};
  };
  open();
  const auto projector = start();
  reach(*projector, append("order-1", "Bad"));

  EXPECT_THAT(projector->parked().value(), IsEmpty());
}

TEST_F(ReadModels, SayWhatIsWrongWithAStatement) {
  const std::vector<std::pair<std::function<Result<void>(Transaction&)>, std::string>> cases{
      {[](auto& t) { return t.execute("INSERT INTO absent VALUES (1)"); }, "no such table"},
      {[](auto& t) { return t.execute("SELECT ?1"); }, "has 1 parameters, and was given 0"},
      {[](auto& t) { return t.execute("SELECT 1; SELECT 2"); }, "is not one statement"},
      {[](auto& t) { return t.execute(""); }, "is not one statement"},
      {[](auto& t) { return t.execute("SELECT ?1", {~0ULL}); }, "larger than SQLite's integers"},
      {[](auto& t) { return t.execute("INSERT INTO log (n) VALUES (1)"); }, "UNIQUE constraint"},
  };
  for (const auto& [run, sentence] : cases) {
    const TestFolder other;
    path_ = other.file("orders.db");
    EXPECT_THAT(what_is_said(run).message, HasSubstr(sentence));
    model_.reset();
    store_ = make_memory_event_store();
  }
}

}  // namespace
}  // namespace aether::sqlite
