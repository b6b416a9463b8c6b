// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace aether {

/// A namespace that many events share. One whose owner outlives every queue may be held without
/// counting: an aliasing pointer with no owner costs no atomic operation to copy.
using NamespacePtr = std::shared_ptr<const Namespace>;

/// An event in a queue.
struct Parcel {
  NamespacePtr ns;
  EventPtr event;
};

/// A bounded queue of events, and the gaps between them. Not locked: its owner does that.
///
/// A gap stands before an event, or at the end: it is to be told before the event that comes there.
/// Gaps take no room: those at one place are merged, by cause.
class EventQueue {
 public:
  explicit EventQueue(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_full() const { return size_ == capacity_; }
  [[nodiscard]] bool has_nothing() const { return size_ == 0 && gaps_.empty(); }

  /// There must be room.
  void push(NamespacePtr ns, EventPtr event);

  /// Before the next event that is pushed.
  void push_gap(Gap gap);

  /// The oldest event goes; its gap takes its place, with those that stood before it. There must be
  /// an event.
  void drop_oldest();

  /// What comes first: gaps, which are few, or else up to `limit` events, into `events`.
  [[nodiscard]] std::vector<Gap> take(std::vector<Parcel>& events, std::size_t limit);

  /// All goes. Returns how many events.
  std::size_t clear();

 private:
  struct PlacedGap {
    std::uint64_t before;  // the event's number, from 0
    Gap gap;
  };

  Parcel& slot(std::uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
  void grow();

  const std::size_t capacity_;
  std::vector<Parcel> ring_;  // a power of two; grows as it is needed, up to the capacity
  std::uint64_t first_ = 0;   // the number of the oldest event
  std::size_t size_ = 0;
  std::deque<PlacedGap> gaps_;  // by place
};

}  // namespace aether
