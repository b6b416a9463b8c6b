// SPDX-License-Identifier: Apache-2.0
#include "sqlite/schema.hpp"

#include "core/text.hpp"

#include <array>
#include <string>

namespace aether::sqlite {

namespace {

// Positions have no holes, and each event names the actor of the event before it: so `verify` can
// say what stood in a hole. A trigger's cost is one index look-up an event. Those on INSERT are
// there because INSERT OR REPLACE deletes without firing the triggers on DELETE.
constexpr std::array kObjects{
    SchemaObject{"actors",
                 "CREATE TABLE actors ("
                 "id INTEGER PRIMARY KEY, "
                 "name TEXT NOT NULL UNIQUE) STRICT"},
    SchemaObject{"event_types",
                 "CREATE TABLE event_types ("
                 "id INTEGER PRIMARY KEY, "
                 "name TEXT NOT NULL UNIQUE) STRICT"},
    SchemaObject{"events",
                 "CREATE TABLE events ("
                 "position INTEGER PRIMARY KEY, "
                 "actor INTEGER NOT NULL, "
                 "version INTEGER NOT NULL, "
                 "previous_actor INTEGER NOT NULL, "
                 "event_type INTEGER NOT NULL, "
                 "id ANY NOT NULL, "
                 "timestamp INTEGER NOT NULL, "
                 "content_type TEXT, "
                 "metadata TEXT, "
                 "hash BLOB NOT NULL, "
                 "data ANY NOT NULL) STRICT"},
    SchemaObject{"events_by_actor",
                 "CREATE UNIQUE INDEX events_by_actor ON events (actor, version)"},
    SchemaObject{"snapshots",
                 "CREATE TABLE snapshots ("
                 "actor_id TEXT PRIMARY KEY, "
                 "version INTEGER NOT NULL, "
                 "schema TEXT NOT NULL, "
                 "timestamp INTEGER NOT NULL, "
                 "content_type TEXT, "
                 "checksum BLOB NOT NULL, "
                 "data ANY NOT NULL) STRICT"},
    SchemaObject{"events_no_update",
                 "CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN "
                 "SELECT RAISE(ABORT, 'events are append-only: a correction is a new event'); END"},
    SchemaObject{"events_no_delete",
                 "CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN "
                 "SELECT RAISE(ABORT, 'events are append-only: nothing is deleted'); END"},
    SchemaObject{
        "events_no_replace",
        "CREATE TRIGGER events_no_replace BEFORE INSERT ON events "
        "WHEN NEW.position <= (SELECT max(position) FROM events) "
        "OR NEW.version <= (SELECT max(version) FROM events WHERE actor = NEW.actor) BEGIN "
        "SELECT RAISE(ABORT, 'events are append-only: positions and versions only grow'); END"},
    SchemaObject{"actors_no_update",
                 "CREATE TRIGGER actors_no_update BEFORE UPDATE ON actors BEGIN "
                 "SELECT RAISE(ABORT, 'actors are never renamed'); END"},
    SchemaObject{"actors_no_delete",
                 "CREATE TRIGGER actors_no_delete BEFORE DELETE ON actors BEGIN "
                 "SELECT RAISE(ABORT, 'actors are never deleted'); END"},
    SchemaObject{"actors_no_replace",
                 "CREATE TRIGGER actors_no_replace BEFORE INSERT ON actors "
                 "WHEN EXISTS (SELECT 1 FROM actors WHERE id = NEW.id) "
                 "OR EXISTS (SELECT 1 FROM actors WHERE name = NEW.name) BEGIN "
                 "SELECT RAISE(ABORT, 'actors are never replaced'); END"},
    SchemaObject{"event_types_no_update",
                 "CREATE TRIGGER event_types_no_update BEFORE UPDATE ON event_types BEGIN "
                 "SELECT RAISE(ABORT, 'event types are never renamed'); END"},
    SchemaObject{"event_types_no_delete",
                 "CREATE TRIGGER event_types_no_delete BEFORE DELETE ON event_types BEGIN "
                 "SELECT RAISE(ABORT, 'event types are never deleted'); END"},
    SchemaObject{"event_types_no_replace",
                 "CREATE TRIGGER event_types_no_replace BEFORE INSERT ON event_types "
                 "WHEN EXISTS (SELECT 1 FROM event_types WHERE id = NEW.id) "
                 "OR EXISTS (SELECT 1 FROM event_types WHERE name = NEW.name) BEGIN "
                 "SELECT RAISE(ABORT, 'event types are never replaced'); END"},
    SchemaObject{
        "event_log",
        "CREATE VIEW event_log AS SELECT e.position, a.name AS actor_id, e.version, "
        "t.name AS event_type, "
        "strftime('%Y-%m-%dT%H:%M:%S', e.timestamp / 1000000000 - (e.timestamp % 1000000000 < 0), "
        "'unixepoch') || printf('.%09dZ', (e.timestamp % 1000000000 + 1000000000) % 1000000000) "
        "AS timestamp, "
        "CASE typeof(e.id) WHEN 'blob' THEN lower(printf('%s-%s-%s-%s-%s', "
        "substr(hex(e.id), 1, 8), substr(hex(e.id), 9, 4), substr(hex(e.id), 13, 4), "
        "substr(hex(e.id), 17, 4), substr(hex(e.id), 21, 12))) ELSE e.id END AS id, "
        "e.metadata, coalesce(e.content_type, 'application/json') AS content_type, e.data, "
        "lower(hex(e.hash)) AS hash "
        "FROM events e LEFT JOIN actors a ON a.id = e.actor "
        "LEFT JOIN event_types t ON t.id = e.event_type"},
};

/// A file gets its encoding when it is made, for ever. Data that is text would come back as it was
/// not written.
Result<void> check_encoding(const Connection& connection) {
  auto encoding = connection.prepare("PRAGMA encoding");
  if (!encoding) return std::unexpected(std::move(encoding.error()));
  const auto row = encoding->step();
  if (!row) return std::unexpected(row.error());
  if (*row && encoding->text(0) == "UTF-8") return {};
  return fail(Errc::invalid_argument,
              "the database was made for text in UTF-16, and a store needs UTF-8: choose another "
              "file");
}

}  // namespace

std::span<const SchemaObject> schema_objects() { return kObjects; }

Result<Content> inspect_content(const Connection& connection) {
  const auto tables = connection.query_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  const auto application = connection.query_integer("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  if (auto ok = check_encoding(connection); !ok) return std::unexpected(ok.error());
  if (*application == 0 && *tables == 0) return Content::empty;
  if (*application != kApplicationId) {
    return fail(Errc::invalid_argument,
                "the file is an SQLite database of another program, not an Aether store: choose "
                "another file");
  }
  const auto format = connection.query_integer("PRAGMA user_version");
  if (!format) return std::unexpected(format.error());
  if (*format > kFormat) {
    return fail(Errc::unsupported, concat("the store has format ", *format,
                                          ", written by a newer version; this one knows format ",
                                          kFormat, ": upgrade this program"));
  }
  if (*format < 1) {
    return fail(Errc::corrupt, concat("the store says that it has format ", *format,
                                      ", which never was: restore a backup"));
  }
  return Content::aether;
}

Result<void> create_schema(const Connection& connection) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const SchemaObject& object : kObjects) sql += concat(object.sql, ";");
  sql += concat("PRAGMA application_id = ", std::int64_t{kApplicationId},
                "; PRAGMA user_version = ", kFormat, "; COMMIT");
  auto made = connection.execute(sql);
  if (!made && sqlite3_get_autocommit(connection.raw()) == 0) {
    static_cast<void>(sqlite3_exec(connection.raw(), "ROLLBACK", nullptr, nullptr, nullptr));
  }
  return made;
}

}  // namespace aether::sqlite
