// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_schema.hpp"

#include "core/text.hpp"
#include "sqlite/schema.hpp"

#include <chrono>

namespace aether::sqlite {

namespace {

constexpr std::string_view kTables =
    "CREATE TABLE aether_model ("
    "id INTEGER PRIMARY KEY CHECK (id = 1), "
    "schema TEXT NOT NULL, "
    "sql TEXT NOT NULL, "
    "rebuild INTEGER NOT NULL DEFAULT 0, "
    "rebuild_tries INTEGER NOT NULL DEFAULT 0, "
    "rebuild_error TEXT NOT NULL DEFAULT '', "
    "origin TEXT NOT NULL) STRICT;"
    "CREATE TABLE aether_projections ("
    "key TEXT PRIMARY KEY, "
    "name TEXT NOT NULL, "
    "partition INTEGER NOT NULL, "
    "partitions INTEGER NOT NULL, "
    "filter TEXT NOT NULL, "
    "position INTEGER NOT NULL, "
    "event_position INTEGER NOT NULL, "
    "event_id TEXT NOT NULL, "
    "revision INTEGER NOT NULL, "
    "updated_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE aether_parked ("
    "projection TEXT NOT NULL, "
    "position INTEGER NOT NULL, "
    "actor_id TEXT NOT NULL, "
    "version INTEGER NOT NULL, "
    "event_id TEXT NOT NULL, "
    "event_type TEXT NOT NULL, "
    "error TEXT NOT NULL, "
    "attempts INTEGER NOT NULL, "
    "parked_at INTEGER NOT NULL, "
    "request TEXT, "
    "PRIMARY KEY (projection, position)) STRICT;"
    "CREATE TABLE aether_dropped ("
    "name TEXT NOT NULL, "
    "event_id TEXT NOT NULL, "
    "position INTEGER NOT NULL, "
    "actor_id TEXT NOT NULL, "
    "version INTEGER NOT NULL, "
    "event_type TEXT NOT NULL, "
    "error TEXT NOT NULL, "
    "dropped_at INTEGER NOT NULL, "
    "PRIMARY KEY (name, event_id)) STRICT;";

}  // namespace

Result<ModelContent> inspect_model(const Connection& connection) {
  const auto tables = connection.query_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  const auto application = connection.query_integer("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  if (*application == 0 && *tables == 0) return ModelContent::empty;
  if (*application == kApplicationId) {
    return fail(Errc::invalid_argument,
                "the file is an event store: a read model needs a file of its own");
  }
  if (*application != kModelApplicationId) {
    return fail(Errc::invalid_argument,
                "the file is an SQLite database of another program, not a read model: choose "
                "another file");
  }
  const auto format = connection.query_integer("PRAGMA user_version");
  if (!format) return std::unexpected(format.error());
  if (*format > kModelFormat) {
    return fail(Errc::unsupported, concat("the read model has format ", *format,
                                          ", written by a newer version; this one knows format ",
                                          kModelFormat, ": upgrade this program"));
  }
  return ModelContent::model;
}

Result<ModelSchema> read_model_schema(const Connection& connection) {
  auto select = connection.prepare("SELECT schema, sql, origin FROM aether_model");
  if (!select) return std::unexpected(std::move(select.error()));
  const auto row = select->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, "the read model has lost the name of its schema");
  return ModelSchema{.name = std::string(select->text(0)),
                     .sql = std::string(select->text(1)),
                     .origin = std::string(select->text(2))};
}

Result<void> create_model_tables(const Connection& connection, const ModelSchema& schema) {
  const std::string pragmas = concat("PRAGMA application_id = ", std::int64_t{kModelApplicationId},
                                     "; PRAGMA user_version = ", kModelFormat);
  if (auto made = connection.execute(concat(kTables, pragmas)); !made) return made;
  auto insert = connection.prepare(
      "INSERT INTO aether_model (id, schema, sql, origin) VALUES (1, ?1, ?2, ?3)");
  if (!insert) return std::unexpected(std::move(insert.error()));
  return insert->bind_text(1, schema.name)
      .bind_text(2, schema.sql)
      .bind_text(3, schema.origin)
      .run();
}

ParkedEvent read_parked_row(const Statement& row) {
  return {.position = row.unsigned_integer(0),
          .actor_id = std::string(row.text(1)),
          .version = row.unsigned_integer(2),
          .event_id = std::string(row.text(3)),
          .event_type = std::string(row.text(4)),
          .error = std::string(row.text(5)),
          .attempts = static_cast<unsigned>(row.integer(6)),
          .parked_at = Timestamp(std::chrono::nanoseconds(row.integer(7)))};
}

}  // namespace aether::sqlite
