// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/filter.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/snapshot_store.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/file_identity.hpp"
#include "sqlite/files.hpp"
#include "sqlite/heads.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aether::sqlite {

/// One read-only connection and its statements. Used by one thread at a time.
class Reader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(ReadConnection connection);

  [[nodiscard]] Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                                   const ReadOptions& options);
  [[nodiscard]] Result<Page> read_all(const Filter& filter, Position after, std::size_t limit);
  [[nodiscard]] Result<Version> latest_version(std::string_view actor_id);
  [[nodiscard]] Result<Snapshot> load_snapshot(std::string_view actor_id);
  [[nodiscard]] Result<Position> last_position();

  [[nodiscard]] bool was_misled() const { return connection_.was_misled(); }
  [[nodiscard]] bool is_outdated() const { return connection_.is_outdated(); }

 private:
  explicit Reader(ReadConnection connection) : connection_(std::move(connection)) {}

  /// 0: the actor has no events.
  Result<std::int64_t> actor_number(std::string_view actor_id);
  Result<std::string_view> event_type(std::int64_t number);
  Result<Page> read_all_of_actor(const Filter& filter, Position after, std::size_t limit);
  Result<Page> read_all_of_any(const Filter& filter, Position after, std::size_t limit);
  Result<Version> version_reached(std::int64_t actor, Position after);

  ReadConnection connection_;
  Statement find_actor_, find_event_type_, read_, read_all_, latest_, last_;
  Statement version_at_, version_before_, load_snapshot_, begin_, end_;
  std::unordered_map<std::int64_t, std::string> event_types_;
};

/// Read-only connections, opened as they are needed. May be used from any thread.
class Readers {
 public:
  Readers(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}

  /// Calls `use(Reader&)`, which returns a Result, with a reader that nobody else has meanwhile.
  template <class Use>
  auto with(const Use& use) -> decltype(use(std::declval<Reader&>())) {
    while (true) {
      auto reader = take();
      if (!reader) return std::unexpected(std::move(reader.error()));
      auto result = use(**reader);
      if ((*reader)->was_misled()) continue;
      give_back(std::move(*reader));
      return result;
    }
  }

  void close_idle();

  /// A connection of the caller's own.
  [[nodiscard]] Result<ReadConnection> connect() const;

  /// From now on the path must mean this file: otherwise all reading is `not_found`. Called once,
  /// before others use this.
  void expect(std::optional<FileIdentity> file) { file_ = file; }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Result<std::unique_ptr<Reader>> take();
  std::unique_ptr<Reader> take_idle();
  void give_back(std::unique_ptr<Reader> reader);

  const std::string path_;
  const std::string vfs_;
  std::optional<FileIdentity> file_;  // none: not in the file system
  std::mutex mutex_;                  // guards idle_
  std::vector<std::unique_ptr<Reader>> idle_;
};

}  // namespace aether::sqlite
