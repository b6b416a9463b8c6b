// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shim_vfs.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aether::crash {

/// How far a workload has come: the first `begun` of its commits were handed to the store, the
/// first `acked` of them were acknowledged. The same for snapshots.
struct Progress {
  std::size_t commits_begun = 0;
  std::size_t commits_acked = 0;
  std::size_t snapshots_begun = 0;
  std::size_t snapshots_acked = 0;
};

/// One thing that happened to the disk.
struct Record {
  enum class Kind { create, write, truncate, sync, failed_sync, remove, sync_folder };
  Kind kind;
  int file = 0;                   ///< not of remove, sync_folder: grows with each creation
  std::string name{};             ///< of create, remove
  std::int64_t offset = 0;        ///< of write
  std::vector<std::byte> data{};  ///< of write
  std::int64_t size = 0;          ///< of truncate
  Progress progress{};            ///< of the workload when it was done
};

/// Writes down, in order, all that SQLite does to its files. The -shm file is not among them: it is
/// memory, and is made anew after a crash.
class Recorder final : public VfsObserver {
 public:
  void commit_begun();
  void commit_acked();
  void snapshot_begun();
  void snapshot_acked();

  /// What a store does to the files of a process that is dead is not recorded: pause before it is
  /// destroyed.
  void pause(bool paused);

  /// A sync reported an error.
  void sync_failed(const Call& call);

  /// What was recorded so far; forgets it.
  [[nodiscard]] std::vector<Record> take();

  /// The workload's progress now.
  [[nodiscard]] Progress progress() const;

  int opened(std::string_view name, bool created) override;
  void after(const Call& call) override;
  void folder_synced() override;

 private:
  void add(Record record);  // mutex_ is held

  mutable std::mutex mutex_;
  std::vector<Record> records_;
  std::map<std::string, int, std::less<>> files_;  // those that are there, by name
  int last_file_ = 0;
  bool paused_ = false;
  Progress progress_;
};

}  // namespace aether::crash
