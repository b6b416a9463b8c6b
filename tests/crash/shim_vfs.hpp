// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aether::crash {

/// What SQLite asks of its file system, as far as a test records it or makes it fail.
enum class Op { open, read, write, sync, truncate, remove, size, map_shared };

/// One call, before or after it was made.
struct Call {
  Op op;
  std::string_view name;              ///< the file's, without its folder
  int file = 0;                       ///< what `VfsObserver::opened` returned
  std::int64_t offset = 0;            ///< of a write
  std::span<const std::byte> data{};  ///< of a write
  std::int64_t size = 0;              ///< of a truncate
};

/// How a call is to fail.
struct Verdict {
  int code = SQLITE_OK;     ///< SQLITE_OK: it does not fail, and is made
  std::size_t written = 0;  ///< how much of a failing write reaches the file nevertheless
  bool swallowed = false;   ///< the call is not made, and yet reported as done: a disk that lies
};

/// Watches the calls of a `ShimVfs`, or lets them fail. Called by all threads that use SQLite, and
/// from C: must not throw.
class VfsObserver {
 public:
  virtual ~VfsObserver() = default;

  virtual Verdict before(const Call& /*call*/) { return {}; }

  /// A named file was opened. Returns the number that later calls carry.
  virtual int opened(std::string_view /*name*/, bool /*created*/) { return 0; }

  /// A write, truncate, sync or remove was done.
  virtual void after(const Call& /*call*/) {}

  /// The folder was synced: what was created and removed in it is on the disk.
  virtual void folder_synced() {}
};

/// A VFS over the default one that shows each call to an observer. Registered while it lives; all
/// connections must be closed before. It maps no files (mmap_size has no effect): nothing bypasses
/// it but the shared-memory index, which does not survive a crash anyhow.
class ShimVfs {
 public:
  /// `observer` must outlive it.
  ShimVfs(std::string name, VfsObserver& observer);
  ~ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] VfsObserver& observer() const { return *observer_; }
  [[nodiscard]] sqlite3_vfs* base() const { return base_; }

 private:
  std::string name_;
  VfsObserver* observer_;
  sqlite3_vfs* base_;
  sqlite3_vfs vfs_{};
};

}  // namespace aether::crash
