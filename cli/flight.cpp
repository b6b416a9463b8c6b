// SPDX-License-Identifier: Apache-2.0
#include "flight.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace aether::cli {

std::uint64_t Flight::send(std::uint64_t tag, std::vector<Event> events,
                           const AppendOptions& options) {
  const Sent sent{.number = begin(), .tag = tag, .events = events.size()};
  store_.append_async(std::move(events), options,
                      [this, sent](Result<Appended> result) { land(sent, std::move(result)); });
  return sent.number;
}

void Flight::refuse(std::uint64_t tag, Error error) {
  land({.number = begin(), .tag = tag, .events = 0}, std::unexpected(std::move(error)));
}

std::uint64_t Flight::begin() {
  const std::scoped_lock lock(mutex_);
  ++in_flight_;
  has_landed_.push_back(false);
  return first_ + has_landed_.size() - 1;
}

void Flight::land(const Sent& sent, Result<Appended> result) {
  const std::scoped_lock lock(mutex_);
  --in_flight_;
  has_landed_[sent.number - first_] = true;
  while (!has_landed_.empty() && has_landed_.front()) {
    has_landed_.pop_front();
    ++first_;
  }
  if (result) {
    ++landed_.commits;
    landed_.events += sent.events;
    landed_.position = std::max(landed_.position, result->position);
  } else if (!landed_.failed || sent.number < failed_number_) {
    failed_number_ = sent.number;
    landed_.failed = Failed{.tag = sent.tag, .error = std::move(result.error())};
  }
  if (in_flight_ >= wake_below_ && first_ <= wake_after_) return;  // it would look and sleep again
  changed_.notify_all();  // under the lock: the waiter may destroy this as soon as it is free
}

void Flight::wait_below(std::size_t commits) {
  std::unique_lock lock(mutex_);
  wake_below_ = commits;
  changed_.wait(lock, [&] { return in_flight_ < commits; });
  wake_below_ = 0;
}

void Flight::wait_for(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  wake_after_ = number;
  changed_.wait(lock, [&] { return first_ > number; });
  wake_after_ = std::numeric_limits<std::uint64_t>::max();
}

Flight::Landed Flight::landed() const {
  const std::scoped_lock lock(mutex_);
  return landed_;
}

}  // namespace aether::cli
