// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shim_vfs.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string_view>

namespace aether::crash {

/// How calls of one kind go wrong.
struct Fault {
  enum class Outcome {
    refused,    ///< nothing of it is done
    half,       ///< of a write, the first half is done
    swallowed,  ///< nothing is done and success is reported: only a broken disk does that
  };
  std::string_view name;
  Op op;
  int code;
  Outcome outcome = Outcome::refused;

  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

/// Every way in which a call can fail.
inline constexpr std::array kFaults{
    Fault{"write EIO", Op::write, SQLITE_IOERR_WRITE},
    Fault{"write EIO, half written", Op::write, SQLITE_IOERR_WRITE, Fault::Outcome::half},
    Fault{"write ENOSPC", Op::write, SQLITE_FULL},
    Fault{"write ENOSPC, half written", Op::write, SQLITE_FULL, Fault::Outcome::half},
    Fault{"fsync EIO", Op::sync, SQLITE_IOERR_FSYNC},
    Fault{"read EIO", Op::read, SQLITE_IOERR_READ},
    Fault{"open", Op::open, SQLITE_CANTOPEN},
    Fault{"truncate EIO", Op::truncate, SQLITE_IOERR_TRUNCATE},
    Fault{"remove EIO", Op::remove, SQLITE_IOERR_DELETE},
    Fault{"fstat EIO", Op::size, SQLITE_IOERR_FSTAT},
    Fault{"shared memory", Op::map_shared, SQLITE_IOERR_SHMMAP},
};

/// Lets the k-th call of a kind fail. Armed and healed at any time, by any thread.
class Faults final : public VfsObserver {
 public:
  /// Counts the calls of `fault.op` from now on, from 1, and lets call number `first` fail (0:
  /// none); `lasting`: and all later ones until `heal`.
  void arm(const Fault& fault, std::uint64_t first, bool lasting);

  /// All goes well from now on.
  void heal();

  struct Counts {
    std::uint64_t calls = 0;   ///< of the kind that was armed
    std::uint64_t failed = 0;  ///< of those
    /// Of those, syncs of the log that were to make a commit durable (not to begin a checkpoint:
    /// then there is nothing unsynced in the log).
    std::uint64_t failed_commits = 0;
  };
  [[nodiscard]] Counts counts() const;

  Verdict before(const Call& call) override;
  void after(const Call& call) override;

 private:
  mutable std::mutex mutex_;
  Fault fault_ = kFaults[0];
  std::uint64_t first_ = 0;
  bool lasting_ = false;
  bool log_unsynced_ = false;
  Counts counts_;
};

}  // namespace aether::crash
