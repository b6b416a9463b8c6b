// SPDX-License-Identifier: Apache-2.0
#include "shim_vfs.hpp"

#include <unistd.h>

#include <new>
#include <utility>

namespace aether::crash {
namespace {

// SQLite gives us szOsFile bytes for each file: this, and behind it the file of the base VFS.
struct ShimFile {
  sqlite3_file base;
  ShimVfs* vfs;
  const char* path;  // SQLite keeps it until the file is closed; null for a nameless temporary file
  int number;
};

ShimFile& shim(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(ShimFile));
}

ShimVfs& shim(sqlite3_vfs* vfs) { return *static_cast<ShimVfs*>(vfs->pAppData); }

std::string_view name_of(const char* path) {
  if (path == nullptr) return {};
  const std::string_view whole(path);
  return whole.substr(whole.rfind('/') + 1);  // npos + 1 is 0
}

// The unix VFS opens the folder only in order to sync it. This is how we see that it did.
thread_local bool folder_was_opened = false;
using OpenFolder = int (*)(const char*, int*);
OpenFolder real_open_folder = nullptr;

int open_folder(const char* path, int* descriptor) {
  folder_was_opened = true;
  return real_open_folder(path, descriptor);
}

Call call_of(sqlite3_file* file, Op op) {
  return {.op = op, .name = name_of(shim(file).path), .file = shim(file).number};
}

// Asks the observer, makes the call, and tells the observer.
template <class Real>
int pass(ShimVfs& vfs, const Call& call, Real make) {
  const Verdict verdict = vfs.observer().before(call);
  if (verdict.code != SQLITE_OK || verdict.swallowed) return verdict.code;
  folder_was_opened = false;
  const int code = make();
  if (code != SQLITE_OK) return code;
  vfs.observer().after(call);
  if (folder_was_opened) vfs.observer().folder_synced();
  return code;
}

int x_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int x_read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const Verdict verdict = shim(file).vfs->observer().before(call_of(file, Op::read));
  if (verdict.code != SQLITE_OK) return verdict.code;
  return real(file)->pMethods->xRead(real(file), to, size, offset);
}

int x_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  Call call = call_of(file, Op::write);
  call.offset = offset;
  call.data = {static_cast<const std::byte*>(from), static_cast<std::size_t>(size)};
  const Verdict verdict = shim(file).vfs->observer().before(call);
  if (verdict.swallowed) return SQLITE_OK;
  const int amount = verdict.code == SQLITE_OK ? size : static_cast<int>(verdict.written);
  if (amount > 0) {
    const int code = real(file)->pMethods->xWrite(real(file), from, amount, offset);
    if (code != SQLITE_OK) return code;
  }
  if (verdict.code == SQLITE_OK) shim(file).vfs->observer().after(call);
  return verdict.code;
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  Call call = call_of(file, Op::truncate);
  call.size = size;
  return pass(*shim(file).vfs, call,
              [&] { return real(file)->pMethods->xTruncate(real(file), size); });
}

int x_sync(sqlite3_file* file, int flags) {
  return pass(*shim(file).vfs, call_of(file, Op::sync),
              [&] { return real(file)->pMethods->xSync(real(file), flags); });
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return pass(*shim(file).vfs, call_of(file, Op::size),
              [&] { return real(file)->pMethods->xFileSize(real(file), size); });
}

int x_lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int x_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int x_check_reserved_lock(sqlite3_file* file, int* result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
int x_file_control(sqlite3_file* file, int op, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}
int x_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int x_device_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

int x_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return pass(*shim(file).vfs, call_of(file, Op::map_shared), [&] {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
  });
}
int x_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void x_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int x_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,  // no xFetch: no memory maps
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int x_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* mine = new (file) ShimFile{.base = {}, .vfs = &shim(vfs), .path = path, .number = 0};
  sqlite3_vfs* base = mine->vfs->base();
  real(file)->pMethods = nullptr;
  const Verdict verdict = mine->vfs->observer().before({.op = Op::open, .name = name_of(path)});
  if (verdict.code != SQLITE_OK) return verdict.code;

  // Not xAccess, for which an empty file does not exist.
  const bool existed = path != nullptr && access(path, F_OK) == 0;
  const int code = base->xOpen(base, path, real(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  if (path != nullptr) mine->number = mine->vfs->observer().opened(name_of(path), !existed);
  mine->base.pMethods = &kMethods;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  sqlite3_vfs* base = shim(vfs).base();
  return pass(shim(vfs), {.op = Op::remove, .name = name_of(path)},
              [&] { return base->xDelete(base, path, sync_folder); });
}

int x_access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  sqlite3_vfs* base = shim(vfs).base();
  return base->xAccess(base, path, flags, result);
}

int x_full_pathname(sqlite3_vfs* vfs, const char* path, int size, char* out) {
  sqlite3_vfs* base = shim(vfs).base();
  return base->xFullPathname(base, path, size, out);
}

}  // namespace

ShimVfs::ShimVfs(std::string name, VfsObserver& observer)
    : name_(std::move(name)), observer_(&observer), base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
  if (real_open_folder == nullptr) {
    constexpr const char* kSystemCall = "openDirectory";
    real_open_folder = reinterpret_cast<OpenFolder>(base_->xGetSystemCall(base_, kSystemCall));
    base_->xSetSystemCall(base_, kSystemCall, reinterpret_cast<sqlite3_syscall_ptr>(open_folder));
  }
  vfs_.iVersion = 2;  // without the system calls of version 3
  vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + base_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = x_open;
  vfs_.xDelete = x_delete;
  vfs_.xAccess = x_access;
  vfs_.xFullPathname = x_full_pathname;
  sqlite3_vfs_register(&vfs_, 0);
}

ShimVfs::~ShimVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace aether::crash
