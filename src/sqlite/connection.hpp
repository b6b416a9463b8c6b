// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace aether::sqlite {

/// What SQLite's result code means to our caller. `doing` begins the sentence: "appending to …".
[[nodiscard]] Error to_error(sqlite3* database, int code, std::string_view doing);

/// A prepared statement. Not thread-safe, like its connection, which must outlive it.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  /// Texts and blobs must stay as they are until the next `reset`.
  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  /// True: there is a row. What could not be bound is told here (`too_large`). Resets the statement
  /// after the last one and after an error.
  [[nodiscard]] Result<bool> step();
  /// For statements without rows.
  [[nodiscard]] Result<void> run();
  void reset() { sqlite3_reset(statement_.get()); }

  /// Valid until the next `step` or `reset`.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // also a blob's bytes; "" for NULL
  [[nodiscard]] int type(int column) const { return sqlite3_column_type(statement_.get(), column); }
  [[nodiscard]] bool is_null(int column) const { return type(column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  /// Keeps the first error until the next `step`.
  Statement& note(int code) {
    if (bound_ == SQLITE_OK) bound_ = code;
    return *this;
  }

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = SQLITE_OK;
};

/// Resets a statement at the end of a scope, so that it holds no read transaction open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

/// A database connection without a mutex of its own: used by one thread at a time.
class Connection {
 public:
  /// `flags` as for sqlite3_open_v2; `vfs` "" is the default one.
  [[nodiscard]] static Result<Connection> open(const std::string& path, int flags,
                                               const std::string& vfs);

  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  /// Runs statements that give no rows, or whose rows do not matter.
  [[nodiscard]] Result<void> execute(const std::string& sql) const;
  /// The first column of the only row.
  [[nodiscard]] Result<std::int64_t> query_integer(std::string_view sql) const;

  /// How long a statement waits for another program's lock, for example the sqlite3 program's.
  static constexpr std::chrono::milliseconds kBusyTimeout{5'000};
  void set_busy_timeout(std::chrono::milliseconds timeout) const {
    sqlite3_busy_timeout(raw(), static_cast<int>(timeout.count()));
  }

  [[nodiscard]] sqlite3* raw() const { return database_.get(); }
  [[nodiscard]] Error error(int code, std::string_view doing) const {
    return to_error(raw(), code, doing);
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Connection(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace aether::sqlite
