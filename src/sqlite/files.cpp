// SPDX-License-Identifier: Apache-2.0
#include "sqlite/files.hpp"

#include "core/text.hpp"
#include "sqlite/schema.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <initializer_list>
#include <system_error>
#include <vector>

namespace aether::sqlite {

namespace fs = std::filesystem;

namespace {

// A reader's page cache. Large enough to keep what is read again and again, of a store of about
// 100,000 events; only what is used is taken. In KiB, with a minus as SQLite wants it.
constexpr int kReaderCache = -32'768;

// Room for "-journal" behind a name of 255 bytes, and behind a path of SQLite's 512.
constexpr std::size_t kMaxNameLength = 247;
constexpr std::size_t kMaxPathLength = 500;

constexpr int kRewrittenAtOnce = 64 * 1024;  // bytes; the Unix VFS takes less than 128 KiB

std::unexpected<Error> failed(const std::error_code& error, std::string_view what,
                              const std::string& path) {
  const auto is_one_of = [&](std::initializer_list<std::errc> reasons) {
    return std::ranges::any_of(reasons, [&](std::errc reason) { return error == reason; });
  };
  Errc code = Errc::unavailable;
  if (is_one_of({std::errc::permission_denied, std::errc::operation_not_permitted,
                 std::errc::read_only_file_system})) {
    code = Errc::permission_denied;
  } else if (is_one_of({std::errc::not_a_directory, std::errc::too_many_symbolic_link_levels,
                        std::errc::filename_too_long})) {
    code = Errc::invalid_argument;
  }
  return fail(code, concat(what, " ", aether::quoted(path), " failed: ", error.message()));
}

/// With the rights that count when a file is opened: those of the effective user.
bool has_right(const std::string& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

/// A cleanly closed database in a folder that this process may not write to: there is no log to be
/// read, and SQLite cannot make the files that it wants beside the database.
bool is_frozen(const std::string& path) {
  std::error_code error;
  const auto log_size = fs::file_size(path + "-wal", error);
  const bool no_log = error || log_size == 0;
  return no_log && !has_right(fs::path(path).parent_path().string(), W_OK);
}

/// Follows symbolic links also to a file that is not there yet.
fs::path follow_links(fs::path path, std::error_code& error) {
  constexpr int kMostLinks = 40;  // as Linux
  for (int links = 0; fs::is_symlink(fs::symlink_status(path, error)); ++links) {
    if (links == kMostLinks) {
      error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
      return path;
    }
    const fs::path target = fs::read_symlink(path, error);
    if (error) return path;
    path = path.parent_path() / target;  // an absolute target stands alone
  }
  return fs::weakly_canonical(path, error);
}

Result<Connection> connect_reader(const std::string& name, int flags, const std::string& vfs) {
  auto connection = Connection::open(name, flags, vfs);
  if (!connection) return connection;
  // Checkpoints are the writer's alone: two connections at it can damage the file (the WAL-reset
  // bug of SQLite 3.7.0 to 3.51.2).
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  auto configured = connection->execute(
      concat("PRAGMA cache_size = ", kReaderCache,
             "; PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = 1; "
             "SELECT count(*) FROM sqlite_schema"));  // opens the files, which may fail
  if (!configured) return std::unexpected(std::move(configured.error()));
  return connection;
}

std::string escaped_uri_path(const std::string& path) {
  std::string uri;
  for (const char c : path) {
    switch (c) {
      case '?':
        uri += "%3f";
        break;
      case '#':
        uri += "%23";
        break;
      case '%':
        uri += "%25";
        break;
      default:
        uri += c;
    }
  }
  return uri;
}

}  // namespace

Result<std::string> resolve_path(const std::string& path, bool must_exist) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return fail(Errc::invalid_argument, "a database needs a path: it is empty, or has a NUL in it");
  }
  if (path == ":memory:" || path.starts_with("file:") || path.starts_with("sqlite:")) {
    return fail(Errc::invalid_argument,
                concat(aether::quoted(path), " is no path: name a file, such as events.db"));
  }
  if (path.ends_with('/')) {
    return fail(
        Errc::invalid_argument,
        concat(aether::quoted(path), " names a folder: name a file in it, such as events.db"));
  }
  std::error_code error;
  const fs::path resolved = follow_links(fs::absolute(path, error), error);
  if (error) return failed(error, "resolving the path", path);
  if (resolved.filename().string().size() > kMaxNameLength ||
      resolved.string().size() > kMaxPathLength) {
    return fail(Errc::invalid_argument,
                concat(aether::quoted(path), " is too long: a database's name has at most ",
                       kMaxNameLength, " bytes, its absolute path ", kMaxPathLength));
  }
  const fs::file_status status = fs::status(resolved, error);
  if (fs::is_directory(status)) {
    return fail(Errc::invalid_argument,
                concat(aether::quoted(path), " is a folder: name a file in it, such as events.db"));
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return fail(Errc::invalid_argument, concat(aether::quoted(path), " is not a regular file"));
  }
  if (!fs::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory) {
      return failed(error, "looking at", path);
    }
    if (must_exist) {
      return fail(Errc::not_found, concat("there is no database at ", aether::quoted(path)));
    }
    if (!fs::is_directory(resolved.parent_path(), error)) {
      return fail(Errc::not_found,
                  concat("there is no folder ", aether::quoted(resolved.parent_path().string()),
                         ": make it first"));
    }
  }
  if (fs::exists(status) && !has_right(resolved, R_OK)) {
    return fail(Errc::permission_denied,
                concat(aether::quoted(path), " cannot be read: ",
                       std::generic_category().message(errno), ": ask for the right to read"));
  }
  for (const auto check : {check_single_name, check_companions}) {
    if (auto ok = check(resolved); !ok) return std::unexpected(std::move(ok.error()));
  }
  return resolved.string();
}

Result<void> check_writable(const std::string& path) {
  if (has_right(path, F_OK) && !has_right(path, W_OK)) {
    return fail(Errc::permission_denied,
                concat(aether::quoted(path),
                       " cannot be written to: ", std::generic_category().message(errno),
                       ": open it read-only, or ask for the right to write"));
  }
  const std::string folder = fs::path(path).parent_path().string();
  if (!has_right(folder, W_OK | X_OK)) {
    return fail(Errc::permission_denied,
                concat("the folder ", aether::quoted(folder),
                       " cannot be written to: ", std::generic_category().message(errno),
                       ": the database needs files beside it"));
  }
  return {};
}

Result<ReadConnection> open_for_reading(const std::string& path, const std::string& vfs) {
  auto connection = connect_reader(path, SQLITE_OPEN_READONLY, vfs);
  if (connection) return ReadConnection(std::move(*connection), path);
  const FileStamp stamp = stamp_of(path);
  if (!is_frozen(path)) return std::unexpected(std::move(connection.error()));
  connection = connect_reader(concat("file:", escaped_uri_path(path), "?immutable=1"),
                              SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
  if (!connection) return std::unexpected(std::move(connection.error()));
  return ReadConnection(std::move(*connection), path, stamp);
}

Result<Connection> open_for_writing(const std::string& path, const std::string& vfs,
                                    const std::string& synchronous) {
  auto connection = Connection::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
  if (!connection) return connection;
  if (sqlite3_db_readonly(connection->raw(), "main") == 1) {
    return fail(Errc::permission_denied, concat(aether::quoted(path),
                                                " cannot be written to: open it "
                                                "read-only, or ask for the right"));
  }
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Another program's database must stay as it is: looked at before WAL mode is set for good.
  if (const auto content = inspect_content(*connection);
      !content && content.error().code == Errc::invalid_argument) {
    return std::unexpected(content.error());
  }
  // The writer checkpoints by itself, when nobody waits for it.
  auto configured = connection->execute(
      concat("PRAGMA journal_mode = WAL; PRAGMA synchronous = ", synchronous,
             "; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864"));
  if (!configured) return std::unexpected(std::move(configured.error()));
  return connection;
}

namespace {

/// Writes the log's own bytes over it and syncs them, so that it is on the disk as it reads.
Result<void> rewrite_log(const Connection& connection) {
  sqlite3_file* log = nullptr;
  int code = sqlite3_file_control(connection.raw(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                  static_cast<void*>(&log));
  if (code != SQLITE_OK || log == nullptr || log->pMethods == nullptr) {
    return std::unexpected(connection.error(SQLITE_BUSY, "emptying the write-ahead log"));
  }
  sqlite3_int64 size = 0;
  code = log->pMethods->xFileSize(log, &size);
  std::vector<char> block(kRewrittenAtOnce);
  for (sqlite3_int64 offset = 0; code == SQLITE_OK && offset < size;) {
    const auto length = static_cast<int>(std::min<sqlite3_int64>(kRewrittenAtOnce, size - offset));
    code = log->pMethods->xRead(log, block.data(), length, offset);
    if (code == SQLITE_OK) code = log->pMethods->xWrite(log, block.data(), length, offset);
    offset += length;
  }
  if (code == SQLITE_OK) code = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
  if (code == SQLITE_OK) return {};
  return std::unexpected(to_error(nullptr, code, "writing the write-ahead log anew"));
}

}  // namespace

Result<void> settle_log(const Connection& connection) {
  // Within a transaction, so that no other program writes to the log meanwhile.
  if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto rewritten = rewrite_log(connection);
  auto ended = connection.execute("ROLLBACK");
  if (!rewritten || !ended) return rewritten ? ended : rewritten;
  connection.set_busy_timeout({});  // whoever reads may do so for long, and keeps the log
  const int code = sqlite3_wal_checkpoint_v2(connection.raw(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  connection.set_busy_timeout(Connection::kBusyTimeout);
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return {};
  return std::unexpected(connection.error(code, "moving an earlier log into the database"));
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int code = file < 0 || fsync(file) != 0 ? errno : 0;
  if (file >= 0) close(file);
  if (code == 0 || code == EINVAL) return {};  // some file systems cannot, and need not
  return failed({code, std::system_category()}, "syncing the folder", folder);
}

}  // namespace aether::sqlite
