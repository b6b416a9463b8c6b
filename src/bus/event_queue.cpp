// SPDX-License-Identifier: Apache-2.0
#include "bus/event_queue.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kFirstRoom = 16;
constexpr std::size_t kMoreGaps = 16;  // beyond one an event

/// Whether one gap can tell both. What is known and what is not make no number together.
bool same_kind(const Gap& a, const Gap& b) {
  return a.cause == b.cause && a.ns == b.ns && a.actor_id == b.actor_id &&
         (a.count == 0) == (b.count == 0);
}

}  // namespace

void EventQueue::push_stretch(const BundlePtr& bundle, std::uint32_t index) {
  if (stretches_ == ring_.size()) grow();
  newest_ = &slot(first_ + stretches_);
  *newest_ = {.bundle = bundle, .begin = index, .end = index + 1};
  ++stretches_;
}

void EventQueue::pop_stretch() {
  ++first_;
  if (--stretches_ == 0) newest_ = nullptr;
}

void EventQueue::grow() {
  std::vector<Stretch> larger(std::max(kFirstRoom, ring_.size() * 2));
  for (std::uint64_t number = first_; number < first_ + stretches_; ++number) {
    larger[number & (larger.size() - 1)] = std::move(slot(number));
  }
  ring_ = std::move(larger);
}

void EventQueue::push_gap(Gap gap) {
  const std::uint64_t before = oldest_ + size_;
  for (auto placed = gaps_.rbegin(); placed != gaps_.rend() && placed->before == before; ++placed) {
    if (!same_kind(placed->gap, gap)) continue;
    placed->gap.count += gap.count;
    return;
  }
  if (gaps_.size() >= capacity_ + kMoreGaps && gaps_.back().before == before) {
    Gap& last = gaps_.back().gap;  // one for all, which tells less
    if (gap.cause == Gap::Cause::disconnected) last.cause = gap.cause;
    last = {.cause = last.cause, .count = last.count + gap.count};
    return;
  }
  gaps_.push_back({.before = before, .gap = std::move(gap)});
}

void EventQueue::drop_oldest() {
  Stretch& oldest = slot(first_);
  if (++oldest.begin == oldest.end) {
    oldest = {};
    pop_stretch();
  }
  Gap dropped{.cause = Gap::Cause::overflow, .count = 1};
  bool disconnected = false;
  std::optional<Gap> missing;
  // One gap of each cause, however many events go. That the event itself had lost predecessors is
  // part of it, but for their number, if it is known; a connection that was away is more than what
  // was dropped here, and stays.
  for (; !gaps_.empty() && gaps_.front().before == oldest_; gaps_.pop_front()) {
    const Gap& gap = gaps_.front().gap;
    if (gap.cause == Gap::Cause::overflow) dropped.count += gap.count;
    if (gap.cause == Gap::Cause::disconnected) disconnected = true;
    if (gap.cause != Gap::Cause::missing || gap.count == 0) continue;
    if (!missing) {
      missing = std::move(gaps_.front().gap);
    } else if (same_kind(*missing, gap)) {
      missing->count += gap.count;
    } else {
      missing = {.cause = gap.cause, .count = missing->count + gap.count};
    }
  }
  ++oldest_;
  --size_;
  gaps_.push_front({.before = oldest_, .gap = std::move(dropped)});
  if (missing) gaps_.push_front({.before = oldest_, .gap = std::move(*missing)});
  if (disconnected) {
    gaps_.push_front({.before = oldest_, .gap = {.cause = Gap::Cause::disconnected}});
  }
}

std::vector<Gap> EventQueue::take(std::vector<Stretch>& events, std::size_t limit) {
  std::vector<Gap> gaps;
  for (; !gaps_.empty() && gaps_.front().before == oldest_; gaps_.pop_front()) {
    gaps.push_back(std::move(gaps_.front().gap));
  }
  if (!gaps.empty()) return gaps;
  std::size_t count = std::min(size_, limit);
  if (!gaps_.empty()) {
    count = std::min(count, static_cast<std::size_t>(gaps_.front().before - oldest_));
  }
  oldest_ += count;
  size_ -= count;
  while (count > 0) {
    Stretch& oldest = slot(first_);
    if (oldest.size() > count) {
      const auto middle = oldest.begin + static_cast<std::uint32_t>(count);
      events.push_back({.bundle = oldest.bundle, .begin = oldest.begin, .end = middle});
      oldest.begin = middle;
      break;
    }
    count -= oldest.size();
    events.push_back(std::move(oldest));
    pop_stretch();
  }
  return gaps;
}

std::size_t EventQueue::clear() {
  const std::size_t count = size_;
  ring_ = {};
  stretches_ = 0;
  newest_ = nullptr;
  oldest_ += size_;
  size_ = 0;
  gaps_.clear();
  return count;
}

}  // namespace aether
