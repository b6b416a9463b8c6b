// SPDX-License-Identifier: Apache-2.0
#include "sqlite/connection.hpp"

#include "core/text.hpp"

#include <utility>

namespace aether::sqlite {

namespace {

struct Meaning {
  Errc code;
  std::string_view advice;
};

Meaning meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::unavailable, "another program holds a lock on the database: try again later"};
    case SQLITE_FULL:
      return {Errc::unavailable, "the disk is full: make room and try again"};
    case SQLITE_NOMEM:
      return {Errc::unavailable, "memory is short: try again later"};
    case SQLITE_IOERR:
      return {Errc::unavailable, "the disk failed: look at the system's log"};
    case SQLITE_CANTOPEN:
      return {Errc::unavailable,
              "the file cannot be opened: check that it and its folder are there"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Errc::permission_denied, "check the rights on the file and its folder"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Errc::corrupt, "the file is damaged, or not an SQLite database: restore a backup"};
    case SQLITE_TOOBIG:
      return {Errc::too_large, "it is larger than SQLite can store"};
    case SQLITE_INTERRUPT:
      return {Errc::closed, "it was interrupted"};
    case SQLITE_CONSTRAINT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
      return {Errc::corrupt, "the database is not as this version made it: run `aether verify`"};
    default:
      return {Errc::unavailable, "SQLite refused"};
  }
}

}  // namespace

Error to_error(sqlite3* database, int code, std::string_view doing) {
  const Meaning meaning = meaning_of(code);
  const std::string_view said = database != nullptr && sqlite3_errcode(database) == (code & 0xff)
                                    ? std::string_view(sqlite3_errmsg(database))
                                    : std::string_view(sqlite3_errstr(code));
  return {
      .code = meaning.code,
      .message = concat(doing, " failed: ", meaning.advice, " (SQLite ", code, ": ", said, ")")};
}

Statement& Statement::bind(int index, std::int64_t value) {
  return note(sqlite3_bind_int64(statement_.get(), index, value));
}

Statement& Statement::bind_text(int index, std::string_view text) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  return note(sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(),
                                  text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  return note(sqlite3_bind_blob64(statement_.get(), index, bytes.empty() ? "" : bytes.data(),
                                  bytes.size(), SQLITE_STATIC));
}

Statement& Statement::bind_null(int index) {
  return note(sqlite3_bind_null(statement_.get(), index));
}

Result<bool> Statement::step() {
  if (const int bound = std::exchange(bound_, SQLITE_OK); bound != SQLITE_OK) {
    reset();
    return std::unexpected(to_error(nullptr, bound, "giving a value to a database statement"));
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = to_error(database, sqlite3_extended_errcode(database), "a database statement");
  reset();
  return std::unexpected(std::move(error));
}

Result<void> Statement::run() {
  const auto stepped = step();
  if (!stepped) return std::unexpected(stepped.error());
  reset();
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::unsigned_integer(int column) const {
  return static_cast<std::uint64_t>(integer(column));
}

std::string_view Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(size));
}

Result<Connection> Connection::open(const std::string& path, int flags, const std::string& vfs) {
  if (!vfs.empty() && sqlite3_vfs_find(vfs.c_str()) == nullptr) {
    return fail(Errc::invalid_argument, concat("no SQLite VFS is registered as ", quoted(vfs)));
  }
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  Connection connection(raw);
  if (code != SQLITE_OK) {
    const int extended = raw != nullptr ? sqlite3_extended_errcode(raw) : code;
    return std::unexpected(to_error(raw, extended, concat("opening ", quoted(path))));
  }
  sqlite3_extended_result_codes(raw, 1);
  connection.set_busy_timeout(kBusyTimeout);
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code, "preparing a database statement"));
  return Statement(statement);
}

Result<void> Connection::execute(const std::string& sql) const {
  const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return std::unexpected(error(sqlite3_extended_errcode(raw()), "a database statement"));
  }
  return {};
}

Result<std::int64_t> Connection::query_integer(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, concat("the database gave no answer to: ", sql));
  return statement->integer(0);
}

}  // namespace aether::sqlite
