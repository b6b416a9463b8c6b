// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "bus/bundle.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace aether {

/// Neighbours in a bundle: those from `begin` up to, not including, `end`.
struct Stretch {
  BundlePtr bundle;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::size_t size() const { return end - begin; }
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
  void push(const BundlePtr& bundle, std::uint32_t index) {
    ++size_;
    if (newest_ != nullptr && newest_->bundle.get() == bundle.get() && newest_->end == index) {
      ++newest_->end;
    } else {
      push_stretch(bundle, index);
    }
  }

  /// Before the next event that is pushed.
  void push_gap(Gap gap);

  /// The oldest event goes; its gap takes its place, with those that stood before it. There must be
  /// an event.
  void drop_oldest();

  /// What comes first: gaps, which are few, or else up to `limit` events, behind those in `events`.
  [[nodiscard]] std::vector<Gap> take(std::vector<Stretch>& events, std::size_t limit);

  /// All goes. Returns how many events.
  std::size_t clear();

 private:
  struct PlacedGap {
    std::uint64_t before = 0;  // the event's number, from 0
    Gap gap;
  };

  Stretch& slot(std::uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
  void pop_stretch();
  void push_stretch(const BundlePtr& bundle, std::uint32_t index);
  void grow();

  std::size_t size_ = 0;  // first what each push looks at
  const std::size_t capacity_;
  Stretch* newest_ = nullptr;  // in the ring; null when there is none
  std::size_t stretches_ = 0;
  std::uint64_t first_ = 0;     // the number of the oldest stretch
  std::uint64_t oldest_ = 0;    // the number of the oldest event
  std::vector<Stretch> ring_;   // a power of two; grows as it is needed
  std::deque<PlacedGap> gaps_;  // by place
};

}  // namespace aether
