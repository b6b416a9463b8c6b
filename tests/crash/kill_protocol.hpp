// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace aether::crash {

inline constexpr std::size_t kKillWriters = 4;

/// What a process that appends until it is killed tells the one that kills it, through a file that
/// both have mapped: what stands there when the process is dead was written while it lived.
struct KillReport {
  struct Writer {
    std::atomic<std::uint64_t> first;  ///< set by the killer: commits that are stored already
    std::atomic<std::uint64_t> begun;  ///< commits handed to the store, all lives together
    std::atomic<std::uint64_t> acked;  ///< commits acknowledged, all lives together
  };
  std::array<Writer, kKillWriters> writers;
  std::atomic<std::uint64_t> opened;  ///< 1: the store is open
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

/// Each writer has its own actors and its own history, known to both processes.
inline HistoryOptions kill_history(std::uint64_t seed, std::size_t writer) {
  return {.seed = seed * 100 + writer,
          .name = std::string(1, static_cast<char>('a' + writer)),
          .actors = 3,
          .max_events = 6};
}

}  // namespace aether::crash
