// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_twin.hpp"

#include "core/text.hpp"
#include "sqlite/model_schema.hpp"

#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

namespace aether::sqlite {

namespace fs = std::filesystem;

std::string twin_path_of(const std::string& path) { return path + ".rebuild"; }

Result<void> remove_model_files(const std::string& path) {
  // The database first: without its log it would look whole, and a log alone is nothing.
  for (const std::string_view ending : {"", "-journal", "-wal", "-shm", "-lock"}) {
    std::error_code error;
    fs::remove(concat(path, ending), error);
    if (error) {
      return fail(Errc::unavailable, concat("removing ", quoted(concat(path, ending)),
                                            " failed: ", error.message(), ": remove it by hand"));
    }
  }
  return {};
}

Result<void> remove_finished_twin(const std::string& path, const std::string& origin) {
  const std::string twin = twin_path_of(path);
  std::error_code error;
  if (!fs::exists(twin, error)) return {};
  {
    const auto connection = Connection::open(twin, SQLITE_OPEN_READWRITE, {});
    if (!connection) return {};  // `make_twin` looks at what it is
    const auto content = inspect_model(*connection);
    if (!content || *content != ModelContent::model) return {};
    const auto schema = read_model_schema(*connection);
    if (!schema || schema->origin != origin) return {};
  }
  return remove_model_files(twin);
}

Result<void> copy_model(const Connection& from, const Connection& to) {
  if (auto set = to.execute("PRAGMA synchronous = FULL"); !set) return set;
  sqlite3_backup* backup = sqlite3_backup_init(to.raw(), "main", from.raw(), "main");
  int code = SQLITE_ERROR;
  if (backup != nullptr) {
    sqlite3_backup_step(backup, -1);  // all at once; its outcome is told by `finish`, too
    const bool is_done = sqlite3_backup_remaining(backup) == 0;
    code = sqlite3_backup_finish(backup);
    if (code == SQLITE_OK && !is_done) code = SQLITE_BUSY;
  }
  Result<void> copied;
  if (code != SQLITE_OK) {
    copied = std::unexpected(to.error(code, "taking over the read model that was made anew"));
  }
  auto set = to.execute("PRAGMA synchronous = NORMAL");
  return copied ? set : copied;
}

}  // namespace aether::sqlite
