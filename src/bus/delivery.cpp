// SPDX-License-Identifier: Apache-2.0
#include "bus/delivery.hpp"

#include "core/text.hpp"
#include "store/deadline.hpp"

#include <exception>
#include <stop_token>
#include <system_error>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kBatch = 64;  // events a turn; the queue is locked while they are taken

/// What a user's function throws, as an error.
template <class Call>
std::optional<Error> catch_all(std::string_view name, Position position, const Call& call) {
  try {
    call();
    return std::nullopt;
  } catch (const std::exception& error) {
    return Error{.code = Errc::closed,
                 .message = concat("the handler of ", name, " threw: ", error.what()),
                 .position = position};
  } catch (...) {
    return Error{
        .code = Errc::closed,
        .message = concat("the handler of ", name, " threw something that is no std::exception"),
        .position = position};
  }
}

}  // namespace

/// A thread that takes turns while there is something to do.
class Delivery::Runner {
 public:
  static void start(const std::shared_ptr<Runner>& self, std::shared_ptr<Delivery> delivery) {
    self->thread_ = std::jthread([self, work = std::move(delivery)](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (work->turn()) continue;
        std::unique_lock lock(self->mutex_);
        self->woken_.wait(lock, stop, [&] { return self->is_woken_; });
        self->is_woken_ = false;
      }
    });
  }

  void wake() {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
    woken_.notify_one();
  }

  void stop(bool is_own_turn) {
    thread_.request_stop();
    const std::scoped_lock lock(joining_);
    if (!thread_.joinable()) return;
    if (is_own_turn) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  std::mutex mutex_;  // guards is_woken_
  std::condition_variable_any woken_;
  bool is_woken_ = false;
  std::mutex joining_;
  std::jthread thread_;
};

Delivery::Delivery(Setup setup)
    : setup_(std::move(setup)), queue_(setup_.options.capacity), runner_(new Runner) {}

Delivery::~Delivery() = default;

Result<void> Delivery::start() {
  try {
    Runner::start(runner_, shared_from_this());
    return {};
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable,
                concat("no thread can be had for ", setup_.name, ": ", error.what()));
  }
}

void Delivery::follow(const After& after) {
  if (after.wake) runner_->wake();
  if (after.closed && setup_.closed && !told_closed_.exchange(true)) setup_.closed(*this);
}

Delivery::After Delivery::put(const NamespacePtr& ns, EventPtr&& event) {
  ++received_;
  queue_.push(ns, std::move(event));
  return {.wake = !std::exchange(awake_, true)};
}

Delivery::After Delivery::overflow(const NamespacePtr& ns, EventPtr&& event) {
  if (setup_.options.overflow == Overflow::drop_oldest) {
    ++dropped_;
    queue_.drop_oldest();
    return put(ns, std::move(event));
  }
  ++received_;
  ++dropped_;
  if (setup_.options.overflow == Overflow::block) {  // its own handler: it would wait for itself
    queue_.push_gap({.cause = Gap::Cause::overflow, .count = 1});
    return {};
  }
  return begin_end({.code = Errc::unavailable,
                    .message = concat(setup_.name, " has ", queue_.size(),
                                      " events waiting and no room for more: catch up from the "
                                      "store; give it more capacity or a faster handler")});
}

bool Delivery::try_offer(const NamespacePtr& ns, EventPtr&& event) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::open) return true;
    if (!queue_.is_full()) {
      after = put(ns, std::move(event));
    } else if (setup_.options.overflow == Overflow::block && !is_own_turn()) {
      return false;
    } else {
      after = overflow(ns, std::move(event));
    }
  }
  follow(after);
  return true;
}

void Delivery::offer(const NamespacePtr& ns, EventPtr&& event) {
  if (try_offer(ns, std::move(event))) return;
  After after;
  {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const bool has_room = room_.wait_until(lock, deadline_after(setup_.block_timeout), [this] {
      return state_ != State::open || !queue_.is_full();
    });
    --waiting_;
    if (has_room && state_ == State::open) {
      after = put(ns, std::move(event));
    } else {
      ++received_;
      ++dropped_;
      if (!has_room) {
        after = begin_end({.code = Errc::unavailable,
                           .message = concat(setup_.name, " had no room for an event for ",
                                             setup_.block_timeout.count(),
                                             " ms: its handler is stuck or too slow; catch up from "
                                             "the store")});
      }
    }
  }
  follow(after);
}

void Delivery::tell(Gap gap) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::open) return;
    queue_.push_gap(std::move(gap));
    after.wake = !std::exchange(awake_, true);
  }
  follow(after);
}

Delivery::After Delivery::begin_end(Error why) {
  state_ = State::ending;
  error_ = std::move(why);
  room_.notify_all();
  return {.wake = !std::exchange(awake_, true), .closed = true};
}

void Delivery::end(Error why) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::open) return;
    after = begin_end(std::move(why));
  }
  follow(after);
}

void Delivery::stop() {
  stopping_ = true;
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::ended;
    dropped_ += queue_.clear();
    room_.notify_all();
  }
  follow({.closed = true});
  runner_->stop(is_own_turn());
  if (!is_own_turn()) release();  // else the turn does it
}

Subscription::Status Delivery::status() const {
  const std::uint64_t delivered = delivered_.load();  // first: never more than was received
  const Position position = position_.load();
  const std::scoped_lock lock(mutex_);
  return {.active = state_ != State::ended,
          .position = position,
          .error = error_,
          .counters = {
              .received = received_, .delivered = delivered, .dropped = dropped_, .gaps = gaps_}};
}

bool Delivery::turn() {
  turning_ = std::this_thread::get_id();
  const bool has_more = take_turn();
  if (stopping_) release();
  turning_ = std::thread::id();
  return has_more;
}

/// Whether there may be more to do.
bool Delivery::take_turn() {
  std::vector<Gap> gaps;
  bool is_over = false;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::ended) return false;
    if (queue_.has_nothing()) {
      is_over = state_ == State::ending;
      awake_ = is_over;
      if (!is_over) return false;
    } else {
      gaps = queue_.take(batch_, kBatch);
      gaps_ += gaps.size();
      // Not at each event: a publisher that is woken should find room for a while.
      if (waiting_ > 0 && queue_.size() <= setup_.options.capacity / 2) room_.notify_all();
    }
  }
  if (is_over) {
    finish(std::nullopt);
    return false;
  }
  return tell_all(gaps) && deliver();
}

bool Delivery::tell_all(const std::vector<Gap>& gaps) {
  for (const Gap& gap : gaps) {
    if (stopping_) return false;
    if (!setup_.options.on_gap) continue;
    if (auto error = catch_all(setup_.name, 0, [&] { setup_.options.on_gap(gap); })) {
      finish(std::move(error));
      return false;
    }
  }
  return true;
}

bool Delivery::deliver() {
  std::size_t handled = 0;
  std::optional<Error> error;
  for (const Parcel& parcel : batch_) {
    if (stopping_) break;
    error = catch_all(setup_.name, parcel.event->position,
                      [&] { setup_.handler(*parcel.ns, parcel.event); });
    if (error) break;
    ++handled;
    delivered_.store(delivered_.load(std::memory_order_relaxed) + 1);
    if (parcel.event->position != 0) position_.store(parcel.event->position);
  }
  const std::size_t left = batch_.size() - handled;
  batch_.clear();
  if (left == 0) return true;
  {
    const std::scoped_lock lock(mutex_);
    dropped_ += left;
  }
  if (error) finish(std::move(error));
  return false;
}

/// By itself: with `error`, or with the one that it was ending with.
void Delivery::finish(std::optional<Error> error) {
  std::string message;
  bool is_news = false;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::ended) return;
    state_ = State::ended;
    dropped_ += queue_.clear();
    is_news = error || error_->code != Errc::closed;
    if (error) error_ = std::move(error);
    message = concat(setup_.name, " has ended: ", error_->message);
    room_.notify_all();
  }
  if (is_news && setup_.log) setup_.log(LogLevel::warning, message);
  follow({.closed = true});
  release();
}

/// The handler goes as soon as it is called no more: it may hold what others wait for.
void Delivery::release() {
  if (released_.exchange(true)) return;
  const BusHandler handler = std::move(setup_.handler);
  const auto on_gap = std::move(setup_.options.on_gap);
}

namespace {

class Handle final : public Subscription::Impl {
 public:
  explicit Handle(std::shared_ptr<Delivery> delivery) : delivery_(std::move(delivery)) {}
  ~Handle() override { delivery_->stop(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void stop() override { delivery_->stop(); }
  [[nodiscard]] Subscription::Status status() const override { return delivery_->status(); }

 private:
  const std::shared_ptr<Delivery> delivery_;
};

}  // namespace

Subscription subscription_of(std::shared_ptr<Delivery> delivery) {
  return Subscription(std::make_unique<Handle>(std::move(delivery)));
}

}  // namespace aether
