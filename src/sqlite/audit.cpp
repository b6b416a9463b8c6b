// SPDX-License-Identifier: Apache-2.0
#include "sqlite/audit.hpp"

#include "core/text.hpp"
#include "sqlite/schema.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace aether::sqlite {

namespace {

constexpr int kStepsBetweenStops = 100'000;  // of SQLite's virtual machine: some milliseconds

int stop_requested(void* stop) {
  return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

/// Looks below the contract: at the file, the guards, and the order of positions.
class Inspection {
 public:
  Inspection(const Connection& connection, const std::function<void(Finding)>& report)
      : connection_(connection), report_(report) {}

  Result<void> run() {
    if (auto ok = check_guards(); !ok) return ok;
    if (auto ok = check_order(); !ok) return ok;
    if (auto ok = check_empty_actors(); !ok) return ok;
    return check_file();
  }

 private:
  /// Tables, indexes and triggers must be those that were made.
  Result<void> check_guards() {
    auto rows = connection_.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    if (!rows) return std::unexpected(std::move(rows.error()));
    std::map<std::string, std::string, std::less<>> found;
    while (true) {
      const auto row = rows->step();
      if (!row) return std::unexpected(row.error());
      if (!*row) break;
      found.emplace(rows->text(0), rows->text(1));
    }
    for (const SchemaObject& object : schema_objects()) {
      const auto stands = found.find(object.name);
      if (stands == found.end()) {
        report_({.what = concat("the database's ", object.name, " was removed")});
      } else if (stands->second != object.sql) {
        report_({.what = concat("the database's ", object.name, " was changed")});
      }
    }
    return check_foreign_guards();
  }

  /// A trigger or an index that is not ours can keep events from being stored.
  Result<void> check_foreign_guards() {
    auto rows = connection_.prepare(
        "SELECT name, type, tbl_name FROM sqlite_schema "
        "WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY name");
    if (!rows) return std::unexpected(std::move(rows.error()));
    while (true) {
      const auto row = rows->step();
      if (!row) return std::unexpected(row.error());
      if (!*row) return {};
      const auto is_ours = [&](const SchemaObject& object) { return object.name == rows->text(0); };
      if (std::ranges::any_of(schema_objects(), is_ours)) continue;
      const auto on_ours = [&](const SchemaObject& object) { return object.name == rows->text(2); };
      if (!std::ranges::any_of(schema_objects(), on_ours)) continue;
      report_({.what = concat("the ", rows->text(1), " ", rows->text(0), " was added on ",
                              rows->text(2))});
    }
  }

  /// Positions follow one another without holes, and each event names the actor before it.
  Result<void> check_order() {
    auto rows = connection_.prepare(
        "SELECT e.position, e.actor, e.version, e.previous_actor, a.name, "
        "typeof(e.id) <> 'text' AND NOT (typeof(e.id) = 'blob' AND length(e.id) = 16) "
        "FROM events e LEFT JOIN actors a ON a.id = e.actor ORDER BY e.position");
    if (!rows) return std::unexpected(std::move(rows.error()));
    Position last = 0;
    std::int64_t last_actor = 0;
    while (true) {
      const auto row = rows->step();
      if (!row) return damaged(row.error());
      if (!*row) return {};
      if (rows->integer(0) < 1) {
        report_({.actor_id = std::string(rows->text(4)),
                 .version = rows->unsigned_integer(2),
                 .what = concat("an event is at position ", rows->integer(0),
                                ", which no store gives: it was added")});
        continue;
      }
      if (rows->integer(5) != 0) {
        report_({.actor_id = std::string(rows->text(4)),
                 .version = rows->unsigned_integer(2),
                 .position = rows->unsigned_integer(0),
                 .what = "the event's id is not of the type that a store writes: it was changed"});
      }
      const Position position = rows->unsigned_integer(0);
      const std::int64_t previous_actor = rows->integer(3);
      if (position <= last) {  // a damaged tree can lead in circles
        report_({.position = position,
                 .what = "the database file is damaged: its rows are out of order"});
        return {};
      }
      if (position != last + 1) {
        if (auto ok = report_hole(last + 1, position - 1, previous_actor); !ok) return ok;
      } else if (previous_actor != last_actor) {
        report_({.actor_id = std::string(rows->text(4)),
                 .version = rows->unsigned_integer(2),
                 .position = position,
                 .what = "the event or the one before it was moved: its link to the event before "
                         "it names another actor"});
      }
      last = position;
      last_actor = rows->integer(1);
    }
  }

  /// What stood at the end of the hole is known; of the rest only that it was there.
  Result<void> report_hole(Position first, Position end, std::int64_t actor) {
    if (first < end) {
      report_(
          {.position = first,
           .what = concat("the events at positions ", first, " to ", end - 1, " were removed")});
    }
    auto row = connection_.prepare(
        "SELECT a.name, (SELECT max(version) FROM events WHERE actor = a.id AND position < ?2) "
        "FROM actors a WHERE a.id = ?1");
    if (!row) return std::unexpected(std::move(row.error()));
    row->bind(1, actor).bind(2, static_cast<std::int64_t>(end));
    const auto found = row->step();
    if (!found) return damaged(found.error());
    if (!*found) {
      report_({.position = end, .what = concat("the event at position ", end, " was removed")});
      return {};
    }
    const Version before = row->unsigned_integer(1);
    report_({.actor_id = std::string(row->text(0)),
             .version = before + 1,
             .position = end,
             .what = concat("the event at position ", end, ", the actor's next after version ",
                            before, ", was removed")});
    return {};
  }

  /// An actor is written with its first event.
  Result<void> check_empty_actors() {
    auto rows = connection_.prepare(
        "SELECT name FROM actors a WHERE NOT EXISTS (SELECT 1 FROM events WHERE actor = a.id)");
    if (!rows) return std::unexpected(std::move(rows.error()));
    while (true) {
      const auto row = rows->step();
      if (!row) return damaged(row.error());
      if (!*row) return {};
      report_({.actor_id = std::string(rows->text(0)),
               .version = 1,
               .what = "all events of the actor were removed"});
    }
  }

  /// Pages and indexes, by SQLite's own check.
  Result<void> check_file() {
    auto rows = connection_.prepare("PRAGMA integrity_check(20)");
    if (!rows) return std::unexpected(std::move(rows.error()));
    while (true) {
      const auto row = rows->step();
      if (!row) return damaged(row.error());
      if (!*row) return {};
      if (rows->text(0) != "ok") {
        report_({.what = concat("the database file is damaged: ", rows->text(0))});
      }
    }
  }

  /// Damage is what is looked for; other errors end the inspection.
  Result<void> damaged(const Error& error) {
    if (error.code != Errc::corrupt) return std::unexpected(error);
    report_({.what = error.message});
    return {};
  }

  const Connection& connection_;
  const std::function<void(Finding)>& report_;
};

}  // namespace

Result<void> inspect_database(const Connection& connection,
                              const std::function<void(Finding)>& report, std::stop_token stop) {
  sqlite3_progress_handler(connection.raw(), kStepsBetweenStops, stop_requested, &stop);
  auto inspected = Inspection(connection, report).run();
  sqlite3_progress_handler(connection.raw(), 0, nullptr, nullptr);
  if (!inspected && inspected.error().code == Errc::closed) {
    return fail(Errc::closed, "the check of the database was stopped");
  }
  return inspected;
}

}  // namespace aether::sqlite
