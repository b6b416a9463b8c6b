// SPDX-License-Identifier: Apache-2.0
#include "projection/log_model.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>

namespace aether::tests {

namespace {

/// Another program's connection.
class Reader {
 public:
  explicit Reader(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
      fail();
    }
    sqlite3_busy_timeout(database_, 5'000);
    query("BEGIN", [](sqlite3_stmt*) {});
  }
  ~Reader() { sqlite3_close(database_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void query(const std::string& sql, const std::function<void(sqlite3_stmt*)>& take) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail();
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) take(statement);
    if (code != SQLITE_DONE) fail();
    sqlite3_finalize(statement);
  }

 private:
  void fail() {
    std::cerr << "reading the model: " << sqlite3_errmsg(database_) << "\n";
    std::abort();
  }
  sqlite3* database_ = nullptr;
};

std::uint64_t number(sqlite3_stmt* row, int column) {
  return static_cast<std::uint64_t>(sqlite3_column_int64(row, column));
}

std::string text(sqlite3_stmt* row, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::vector<EventPtr> history_of(EventStore& store) {
  std::vector<EventPtr> events;
  for (Position after = 0;;) {
    auto page = store.read_all({}, after, 1'000);
    if (!page) {
      std::cerr << "reading the store: " << page.error().message << "\n";
      std::abort();
    }
    if (page->events.empty()) return events;
    events.insert(events.end(), page->events.begin(), page->events.end());
    after = page->next;
  }
}

void note(Comparison& found, std::size_t& count, const std::string& what, Position position) {
  if (count++ == 0) found.first += what + " at position " + std::to_string(position) + "; ";
}

/// Of one partition: what was handled against what should have been.
void compare_rows(const LogContent& log, const std::vector<LogRow>& expected, Comparison& found) {
  std::set<Position> seen;
  std::map<Position, const LogRow*> by_position;
  for (const LogRow& row : expected) by_position[row.position] = &row;
  Position before = 0;
  for (const LogRow& row : log.rows) {
    if (!seen.insert(row.position).second) {
      note(found, found.repeated, "handled again", row.position);
      continue;
    }
    const auto right = by_position.find(row.position);
    if (right == by_position.end() || *right->second != row || row.position <= before) {
      note(found, found.wrong, "wrong", row.position);
    }
    before = row.position;
  }
  for (const LogRow& row : expected) {
    if (!seen.contains(row.position)) note(found, found.missing, "missing", row.position);
  }
}

}  // namespace

Result<void> write_down(sqlite::Transaction& transaction, const EventPtr& event) {
  auto added = transaction.execute(
      "INSERT INTO log (position, actor, version, data) VALUES (?1, ?2, ?3, ?4)",
      {event->position, event->actor_id, event->version, event->data.text()});
  if (!added) return added;
  return transaction.execute(
      "INSERT INTO actors VALUES (?1, ?2 % ?3) ON CONFLICT (id) DO UPDATE "
      "SET fold = (fold * 31 + ?2) % ?3",
      {event->actor_id, event->position, kFoldModulus});
}

sqlite::ReadModelOptions log_model_options() {
  sqlite::ReadModelOptions options{
      .schema = "log/1",
      .create =
          "CREATE TABLE log (n INTEGER PRIMARY KEY, position INTEGER, actor TEXT, "
          "version INTEGER, data TEXT);"
          "CREATE TABLE actors (id TEXT PRIMARY KEY, fold INTEGER)"};
  options.handlers["log"] = write_down;
  return options;
}

LogModel read_log(const std::string& path) {
  LogModel model;
  auto& content = model.partitions;
  Reader reader(path);
  reader.query("SELECT origin FROM aether_model", [&](auto* row) { model.origin = text(row, 0); });
  reader.query("SELECT partition, event_position FROM aether_projections",
               [&](sqlite3_stmt* row) { content.at(number(row, 0)).reached = number(row, 1); });
  reader.query("SELECT position, actor, version, data FROM log ORDER BY n", [&](auto* row) {
    LogRow one{number(row, 0), text(row, 1), number(row, 2), text(row, 3)};
    content.at(partition_of(one.actor_id, kPartitions)).rows.push_back(std::move(one));
  });
  std::map<std::string, std::int64_t> folds;
  for (const LogContent& one : content) {
    for (const LogRow& row : one.rows) {
      folds[row.actor_id] = fold(folds[row.actor_id], row.position);
    }
  }
  reader.query("SELECT id, fold FROM actors", [&](auto* row) {
    if (folds[text(row, 0)] == sqlite3_column_int64(row, 1)) return;
    std::cerr << "the fold of " << text(row, 0) << " is not that of its log\n";
    std::abort();
  });
  return model;
}

Comparison compare(const std::string& model, EventStore& store, bool complete) {
  const auto content = read_log(model).partitions;
  const auto history = history_of(store);
  Comparison found;
  for (std::uint32_t i = 0; i < kPartitions; ++i) {
    std::vector<LogRow> expected;
    for (const EventPtr& event : history) {
      const bool reached = complete || event->position <= content.at(i).reached;
      if (!reached || partition_of(event->actor_id, kPartitions) != i) continue;
      expected.push_back(
          {event->position, event->actor_id, event->version, std::string(event->data.text())});
    }
    compare_rows(content.at(i), expected, found);
  }
  return found;
}

}  // namespace aether::tests
