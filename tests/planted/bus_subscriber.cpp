// SPDX-License-Identifier: Apache-2.0
#include "planted/bus_subscriber.hpp"

#include "planted/bus_sight.hpp"

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace aether::planted {

namespace {

std::chrono::seconds block_timeout(BusBug bug) {
  return std::chrono::seconds(bug == "none" ? 30 : 3);  // longer than the suite's patience
}

}  // namespace

void Subscriber::start() {
  // Its threads end by themselves: when it is stopped, or has ended.
  const int count = setup_.bug == "two_threads_at_once" ? 2 : 1;
  for (int i = 0; i < count; ++i) {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
  }
}

bool Subscriber::sees(const Namespace& ns, const Event& event) const {
  return planted::sees(setup_.bug, setup_.pattern, setup_.filter, ns, event);
}

bool Subscriber::is_full() const {
  if (setup_.bug == "capacity_ignored") return false;
  const std::size_t less = setup_.bug == "capacity_one_less" && setup_.options.capacity > 1 ? 1 : 0;
  return queue_.size() >= setup_.options.capacity - less;
}

void Subscriber::push(const Namespace& ns, const EventPtr& event) {
  ++counters_.received;
  Item item{.ns = ns, .event = event, .gap_before = std::exchange(gap_at_end_, 0)};
  if (setup_.bug == "newest_first") {
    queue_.push_front(std::move(item));
  } else {
    queue_.push_back(std::move(item));
  }
  work_.notify_one();
}

void Subscriber::overflow(const Namespace& ns, const EventPtr& event) {
  const bool counts = setup_.bug != "drops_not_counted";
  if (setup_.options.overflow == Overflow::drop_oldest && setup_.bug != "newest_dropped") {
    const std::uint64_t gap = queue_.front().gap_before + 1;
    queue_.pop_front();
    if (counts) ++counters_.dropped;
    (queue_.empty() ? gap_at_end_ : queue_.front().gap_before) += gap;
    return push(ns, event);
  }
  ++counters_.received;
  if (counts) ++counters_.dropped;
  ++gap_at_end_;
  if (setup_.options.overflow != Overflow::fail || setup_.bug == "fail_goes_on") return;
  if (setup_.bug == "fail_drops_the_queue") {
    counters_.dropped += queue_.size();
    queue_.clear();
  }
  gap_at_end_ = 0;
  begin_end(setup_.bug == "fail_without_error"
                ? std::nullopt
                : std::optional(Error{.code = Errc::unavailable, .message = "too many events"}));
}

bool Subscriber::try_offer(const Namespace& ns, const EventPtr& event) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (setup_.bug == "lost_when_two_publish") {
    if (!lock.try_lock()) return true;
  } else {
    lock.lock();
  }
  if (!is_active_ || is_ending_) return true;
  if (!is_full()) {
    push(ns, event);
    if (setup_.bug == "delivered_twice" && event->version % 10 == 0 && !is_full()) push(ns, event);
  } else {
    const bool own = is_own() && setup_.bug != "own_queue_waited_for";
    if (setup_.options.overflow == Overflow::block && !own && setup_.bug != "block_drops") {
      return false;
    }
    overflow(ns, event);
  }
  return true;
}

void Subscriber::offer(const Namespace& ns, const EventPtr& event) {
  if (try_offer(ns, event)) return;
  std::unique_lock lock(mutex_);
  const bool has_room = room_.wait_for(lock, block_timeout(setup_.bug),
                                       [this] { return !is_active_ || is_ending_ || !is_full(); });
  if (is_active_ && !is_ending_ && has_room) return push(ns, event);
  ++counters_.received;
  ++counters_.dropped;
  if (!has_room) begin_end(Error{.code = Errc::unavailable, .message = "no room in time"});
}

void Subscriber::begin_end(std::optional<Error> why) {
  if (std::exchange(is_ending_, true)) return;
  error_ = std::move(why);
  work_.notify_all();
  room_.notify_all();
}

void Subscriber::end(std::optional<Error> why) {
  const std::scoped_lock lock(mutex_);
  if (!is_active_) return;
  if (setup_.bug == "close_forgets_the_idle" && queue_.empty()) return;
  if (setup_.bug == "close_drops_the_queue") {
    counters_.dropped += queue_.size();
    queue_.clear();
  }
  if (setup_.bug == "close_not_told") why.reset();
  begin_end(std::move(why));
}

void Subscriber::stop() {
  std::unique_lock lock(mutex_);
  if (setup_.bug != "handler_after_stop") {
    is_active_ = false;
    is_stopped_ = true;
    if (setup_.bug != "what_waits_at_stop_not_counted") counters_.dropped += queue_.size();
    queue_.clear();
    work_.notify_all();
    if (setup_.bug != "stop_forgets_a_waiting_publisher") room_.notify_all();
  }
  if (is_own() || setup_.bug == "stop_does_not_wait") return;
  idle_.wait(lock, [this] { return running_ == 0; });
  if (setup_.bug != "handler_kept" && is_stopped_) setup_.handler = {};
}

Subscription::Status Subscriber::status() const {
  const std::scoped_lock lock(mutex_);
  return {.active = is_active_, .position = position_, .error = error_, .counters = counters_};
}

void Subscriber::finish(std::optional<Error> error) {
  is_active_ = false;
  if (error) error_ = std::move(error);
  counters_.dropped += queue_.size();
  queue_.clear();
  room_.notify_all();
  work_.notify_all();
}

void Subscriber::run() {
  std::unique_lock lock(mutex_);
  thread_id_ = std::this_thread::get_id();
  while (is_active_) {
    work_.wait(lock,
               [this] { return !queue_.empty() || gap_at_end_ > 0 || is_ending_ || !is_active_; });
    if (!is_active_) break;
    if (queue_.empty() && gap_at_end_ == 0) {
      finish(std::nullopt);
      break;
    }
    Item item{.ns = *Namespace::parse("none"), .event = nullptr, .gap_before = 0};
    if (queue_.empty()) {
      item.gap_before = std::exchange(gap_at_end_, 0);
    } else {
      item = std::move(queue_.front());
      queue_.pop_front();
    }
    room_.notify_all();
    ++running_;
    lock.unlock();
    const bool goes_on = handle(item);
    lock.lock();
    if (!goes_on) finish(std::nullopt);
    --running_;
    idle_.notify_all();
  }
  if (setup_.bug == "handler_kept") {
    static std::vector<BusHandler> kept;
    static std::mutex mutex;
    const std::scoped_lock keeping(mutex);
    kept.push_back(std::move(setup_.handler));
    return;
  }
  auto handler = std::move(setup_.handler);
  lock.unlock();
}

void Subscriber::tell_gap(std::uint64_t count) {
  if (count == 0) return;
  {
    const std::scoped_lock lock(mutex_);
    if (setup_.bug != "gaps_not_counted") ++counters_.gaps;
  }
  if (setup_.bug == "gap_not_told" || !setup_.options.on_gap) return;
  const std::uint64_t told = setup_.bug == "gap_counts_one" ? 1 : count;
  try {
    setup_.options.on_gap({.cause = Gap::Cause::overflow, .count = told});
  } catch (...) {
    if (setup_.bug != "exception_of_a_gap_swallowed") throw;
  }
}

/// False: it is over.
bool Subscriber::handle(const Item& item) try {
  const bool late = setup_.bug == "gap_told_late";
  if (!late) tell_gap(item.gap_before);
  if (item.event != nullptr) {
    std::unique_lock one_by_one(*setup_.handlers, std::defer_lock);
    if (setup_.bug == "handlers_wait_for_each_other") one_by_one.lock();
    setup_.handler(item.ns, item.event);
    const std::scoped_lock lock(mutex_);
    ++counters_.delivered;
    if (setup_.bug != "position_not_told") position_ = item.event->position;
  }
  if (late) tell_gap(item.gap_before);
  return true;
} catch (...) {
  std::string message = "the handler threw something";
  try {
    throw;
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): said already
  }
  const std::scoped_lock lock(mutex_);
  if (item.event != nullptr) ++counters_.dropped;
  if (setup_.bug == "exception_swallowed") return true;
  if (setup_.bug == "exception_ends_all") setup_.end_all();
  error_ = Error{.code = Errc::closed, .message = message};
  return false;
}

}  // namespace aether::planted
