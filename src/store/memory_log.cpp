// SPDX-License-Identifier: Apache-2.0
#include "store/memory_log.hpp"

#include <bit>
#include <thread>

namespace aether {

MemoryLog::~MemoryLog() {
  for (auto& segment : segments_) std::unique_ptr<Slot[]>(segment.load());
}

void MemoryLog::append(std::span<const std::shared_ptr<StoredEvent>> events) noexcept {
  const Position first = last_.fetch_add(events.size()) + 1;
  // Backwards, so that the commit becomes readable as a whole, with its first slot: a reader waits
  // for that one before it looks at the next.
  for (std::size_t i = events.size(); i-- > 0;) {
    events[i]->position = first + i;
    Slot& target = slot(first + i);
    target.event = events[i];
    target.filled.store(true, std::memory_order_release);
  }
}

const EventPtr& MemoryLog::at(Position position) const noexcept {
  const Slot& source = slot(position);
  // The writer is between two statements, or was put aside by the scheduler there.
  while (!source.filled.load(std::memory_order_acquire)) std::this_thread::yield();
  return source.event;
}

/// Segment n holds 2^(n + kFirstSegmentBits) slots.
MemoryLog::Slot& MemoryLog::slot(Position position) const noexcept {
  const std::size_t number = position - 1 + (std::size_t{1} << kFirstSegmentBits);
  const auto bits = static_cast<std::size_t>(std::bit_width(number)) - 1;
  const std::size_t index = bits - kFirstSegmentBits;
  Slot* segment = segments_[index].load(std::memory_order_acquire);
  if (segment == nullptr) segment = make_segment(index);
  return segment[number - (std::size_t{1} << bits)];
}

MemoryLog::Slot* MemoryLog::make_segment(std::size_t index) const {
  const std::scoped_lock lock(growing_);
  Slot* segment = segments_[index].load(std::memory_order_acquire);
  if (segment == nullptr) {
    segment = std::make_unique<Slot[]>(std::size_t{1} << (index + kFirstSegmentBits)).release();
    segments_[index].store(segment, std::memory_order_release);
  }
  return segment;
}

}  // namespace aether
