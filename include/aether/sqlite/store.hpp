// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/time.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"
#include "aether/store/snapshot_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace aether::sqlite {

enum class Access {
  read_write,  ///< creates the database if there is none; one process at a time
  read_only,   ///< any number of processes, also while one writes
};

struct Options {
  Access access = Access::read_write;
  Limits limits{};
  std::size_t max_snapshot_bytes = kDefaultMaxSnapshotBytes;

  /// Appends wait while this many bytes are queued before them.
  std::size_t max_queued_bytes = std::size_t{64} * 1024 * 1024;

  /// How often the store looks for events of other processes, for all its subscriptions. Those of
  /// this process wake them at once.
  std::chrono::milliseconds poll_interval{20};

  /// How many actors' heads are kept in memory, at most; about 200 bytes each.
  std::size_t head_cache_actors = 100'000;

  const Clock* clock = nullptr;  ///< must outlive the store; null: the system's
  LogSink log{};

  /// A registered SQLite VFS to use instead of the default one.
  std::string vfs{};
};

struct BackupProgress {
  std::uint64_t pages_done = 0;
  std::uint64_t pages_total = 0;
};

/// An event store and a snapshot store in one SQLite database.
///
/// An append is acknowledged when it is on the disk (`fsynced`): WAL with synchronous=FULL;
/// appends that wait at the same time share one fsync. The database refuses to change or delete an
/// event. Several actors may be in one commit. The audit chain is always on.
///
/// A process whose files may not grow (`ulimit -f`) gets SIGXFSZ from the system, which ends it: a
/// program that wants `unavailable` instead ignores that signal.
///
/// After a failed fsync nobody knows what is on the disk: that append is `outcome_unknown`, all
/// later ones are `unavailable` until the store is opened anew.
class Store : public EventStore, public Inspectable {
 public:
  /// Lives as long as this store. Saving a snapshot is durable like an append.
  [[nodiscard]] virtual SnapshotStore& snapshots() = 0;

  /// Copies the database, as it is now, to a new file, while appends go on. The file appears under
  /// its name only when it is complete and on the disk. `progress` is called now and then; a stop
  /// request ends it with `closed` and leaves nothing behind.
  /// Errors: `invalid_argument` (the file exists), `permission_denied`, `unavailable`, `closed`.
  [[nodiscard]] virtual Result<void> backup(
      const std::string& path, const std::function<void(BackupProgress)>& progress = {},
      std::stop_token stop = {}) = 0;
};

/// Opens the database at `path`, a local file.
///
/// Errors: `not_found` (reading a file that is not there, or no such folder), `permission_denied`,
/// `invalid_argument` (a folder; some other program's database), `unsupported` (written by a newer
/// version), `unavailable` (another process has it open for writing: the message says which),
/// `corrupt`.
[[nodiscard]] Result<std::unique_ptr<Store>> open(const std::string& path,
                                                  const Options& options = {});

}  // namespace aether::sqlite
