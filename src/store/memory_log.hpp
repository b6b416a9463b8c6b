// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>

namespace aether {

/// The memory store's order: a list that many threads append to and read at once.
///
/// A writer takes positions with one atomic addition and then fills them in; a reader that comes to
/// a position which is taken but not yet filled waits for it. So readers see no hole, and whoever
/// was told a position finds everything up to it. Slots live in segments that double in size and
/// never move.
class MemoryLog {
 public:
  MemoryLog() = default;
  ~MemoryLog();
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;

  /// Gives `events` the next positions and makes them readable, all at once. Running out of memory
  /// between the two would leave a hole for ever, so it ends the program.
  void append(std::span<const std::shared_ptr<StoredEvent>> events) noexcept;

  /// Of the last event, or 0.
  [[nodiscard]] Position last() const noexcept { return last_.load(); }

  /// The event at `position`, which is at most `last()`.
  [[nodiscard]] const EventPtr& at(Position position) const noexcept;

 private:
  struct Slot {
    std::atomic<bool> filled{false};
    EventPtr event;
  };

  static constexpr std::size_t kFirstSegmentBits = 10;
  static constexpr std::size_t kSegments = 50;

  [[nodiscard]] Slot& slot(Position position) const noexcept;
  Slot* make_segment(std::size_t index) const;

  std::atomic<Position> last_{0};
  mutable std::array<std::atomic<Slot*>, kSegments> segments_{};
  mutable std::mutex growing_;
};

}  // namespace aether
