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

namespace {

/// `invalid_argument`, too: it has given up other events than those.
Result<ModelParts> open_as(const std::string& path, const ReadModelOptions& options,
                           const std::vector<DroppedEvent>& dropped) {
  auto parts = open_model_parts(path, options);
  if (!parts) return parts;
  if (auto ok = adopt_dropped(parts->file, parts->rows, dropped); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const auto all = read_dropped(parts->file.connection());
  if (!all) return std::unexpected(all.error());
  if (all->size() == dropped.size()) return parts;
  return fail(Errc::invalid_argument, "other events were dropped while it was made");
}

}  // namespace

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

Result<ModelParts> open_twin(const std::string& path, ReadModelOptions options,
                             const TwinContent& content) {
  options.accept_outdated = false;
  const std::string twin = twin_path_of(path);
  if (!content.anew) {
    if (auto ok = remove_finished_twin(path, content.taken_over); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    auto left = open_as(twin, options, content.dropped);
    const bool is_useless =
        !left && (left.error().code == Errc::invalid_argument ||
                  left.error().code == Errc::corrupt || left.error().code == Errc::unsupported);
    if (!is_useless) return left;
  }
  if (auto removed = remove_model_files(twin); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return open_as(twin, options, content.dropped);
}

Result<void> carry_requests(const Connection& live, const Connection& twin, bool handles_dropped) {
  auto select = live.prepare(
      "SELECT name, parked.event_id, request FROM aether_parked parked JOIN aether_projections "
      "ON key = projection WHERE request IS NOT NULL");
  if (!select) return std::unexpected(std::move(select.error()));
  auto update = twin.prepare(
      "UPDATE aether_parked SET request = ?3 WHERE event_id = ?2 AND projection IN "
      "(SELECT key FROM aether_projections WHERE name = ?1)");
  if (!update) return std::unexpected(std::move(update.error()));
  while (true) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    for (int i = 0; i < 3; ++i) update->bind_text(i + 1, select->text(i));
    if (auto done = update->run(); !done) return done;
  }
  const auto rebuild = live.query_integer("SELECT rebuild FROM aether_model");
  if (!rebuild) return std::unexpected(rebuild.error());
  const bool is_done = *rebuild != 2 || handles_dropped;
  return is_done ? Result<void>() : twin.execute("UPDATE aether_model SET rebuild = 2");
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
