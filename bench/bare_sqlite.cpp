// SPDX-License-Identifier: Apache-2.0
#include "bare_sqlite.hpp"

#include "made_events.hpp"

#include <sqlite3.h>

#include <memory>

namespace aether::bench {
namespace {

constexpr const char* kSchema =
    "CREATE TABLE event (actor TEXT, version INTEGER, id TEXT, type TEXT, time INTEGER, data TEXT, "
    "PRIMARY KEY (actor, version)) WITHOUT ROWID; BEGIN";
constexpr const char* kInsert = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)";
constexpr const char* kSelect =
    "SELECT version, id, type, time, data FROM event WHERE actor = ? ORDER BY version";

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

std::unexpected<Error> failed(const Database& database) {
  return fail(Errc::unavailable, std::string("bare SQLite: ") + sqlite3_errmsg(database.get()));
}

Database open(const std::string& path) {
  sqlite3* database = nullptr;
  sqlite3_open(path.c_str(), &database);
  return Database(database);
}

Statement prepare(const Database& database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database.get(), sql, -1, &statement, nullptr);
  return Statement(statement);
}

void bind_text(const Statement& statement, int column, std::string_view text) {
  sqlite3_bind_text(statement.get(), column, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
}

bool insert(const Statement& statement, const Event& event) {
  bind_text(statement, 1, event.actor_id);
  sqlite3_bind_int64(statement.get(), 2, static_cast<sqlite3_int64>(event.version));
  bind_text(statement, 3, event.id);
  bind_text(statement, 4, event.event_type);
  sqlite3_bind_int64(statement.get(), 5, event.timestamp.time_since_epoch().count());
  bind_text(statement, 6, event.data.text());
  const bool good = sqlite3_step(statement.get()) == SQLITE_DONE;
  sqlite3_reset(statement.get());
  return good;
}

/// How many events the actor has.
std::size_t read(const Statement& statement, const std::string& actor_id) {
  bind_text(statement, 1, actor_id);
  std::size_t count = 0;
  while (sqlite3_step(statement.get()) == SQLITE_ROW) {
    keep(sqlite3_column_int64(statement.get(), 0));
    keep(sqlite3_column_text(statement.get(), 1));
    keep(sqlite3_column_text(statement.get(), 2));
    keep(sqlite3_column_int64(statement.get(), 3));
    keep(sqlite3_column_text(statement.get(), 4));
    ++count;
  }
  sqlite3_reset(statement.get());
  return count;
}

}  // namespace

Result<void> BareSqlite::fill() const {
  const auto database = open(path);
  if (sqlite3_exec(database.get(), kSchema, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failed(database);
  }
  const auto statement = prepare(database, kInsert);
  if (!statement) return failed(database);
  const auto ids = actor_ids(actors);
  for (Version version = 1; version <= each; ++version) {
    for (std::size_t n = 0; n < ids.size(); ++n) {
      if (!insert(statement, completed(order_of_200_bytes(ids[n], version, n)))) {
        return failed(database);
      }
    }
  }
  if (sqlite3_exec(database.get(), "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failed(database);
  }
  return {};
}

Probe BareSqlite::reads() const {
  return [*this](const Budget& budget) -> Result<Sample> {
    const auto database = open(path);
    const auto statement = prepare(database, kSelect);
    if (!statement) return failed(database);
    const auto ids = actor_ids(actors);
    bool good = true;
    const auto read_all = [&] {
      for (const auto& id : ids) good &= read(statement, id) == each;
    };
    read_all();  // warms the caches
    Meter meter(budget);
    while (meter.wants_more()) meter.time(ids.size() * each, read_all);
    if (!good) return failed(database);
    return meter.sample();
  };
}

}  // namespace aether::bench
