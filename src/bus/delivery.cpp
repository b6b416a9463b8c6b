// SPDX-License-Identifier: Apache-2.0
#include "bus/delivery.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"

#include <exception>
#include <string_view>
#include <thread>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kBatch = 64;  // events a turn

// A publisher looks this many times for room before it sleeps: to be woken takes longer than most
// queues need to get room. Then a few times more, with the processor given to others.
constexpr int kLooks = 200;
constexpr int kYields = 20;

// Where events keep coming, who has emptied a queue lets more of them come before it looks again,
// for one or two microseconds: each look takes the queue's memory away from the publisher's
// processor, which takes longer than to publish. With it, one subscription costs a publisher a
// third, on two processors.
constexpr int kRest = 64;

void rest() {
  for (int i = 0; i < kRest; ++i) relax_processor();
}

/// What a user's function throws, as an error; of the event at which it was then, if any.
template <class Call>
std::optional<Error> catch_all(std::string_view name, const StoredEvent* const& event,
                               const Call& call) {
  const auto position = [&] { return event == nullptr ? 0 : event->position; };
  try {
    call();
    return std::nullopt;
  } catch (const std::exception& error) {
    return Error{.code = Errc::closed,
                 .message = concat("the handler of ", name, " threw: ", error.what()),
                 .position = position()};
  } catch (...) {
    return Error{
        .code = Errc::closed,
        .message = concat("the handler of ", name, " threw something that is no std::exception"),
        .position = position()};
  }
}

}  // namespace

class Delivery::Runner final : public Activity {
 public:
  Runner(std::shared_ptr<Executor> executor, std::shared_ptr<Delivery> delivery)
      : Activity(std::move(executor)), delivery_(std::move(delivery)) {}

 private:
  bool turn() noexcept override {
    try {
      return delivery_->turn();
    } catch (...) {
      delivery_->give_up();
      return false;
    }
  }

  const std::shared_ptr<Delivery> delivery_;
};

Delivery::Delivery(Setup setup) : setup_(std::move(setup)), queue_(setup_.options.capacity) {}

Delivery::~Delivery() = default;

void Delivery::start(std::shared_ptr<Executor> executor) {
  auto runner = std::make_shared<Runner>(std::move(executor), shared_from_this());
  const std::scoped_lock lock(mutex_);
  runner_ = std::move(runner);
}

void Delivery::follow(const After& after) {
  if (after.wake) after.wake->wake();
  if (after.room) room_.notify_all();
  if (after.closed && setup_.closed && !told_closed_.exchange(true)) setup_.closed(*this);
}

std::shared_ptr<Delivery::Runner> Delivery::who_sleeps() {
  return std::exchange(awake_, true) ? nullptr : runner_;
}

Delivery::After Delivery::put(const Packed& packed) {
  ++received_;
  queue_.push(packed.bundle, packed.index);
  return {.wake = who_sleeps()};
}

Delivery::After Delivery::overflow(const Packed& packed) {
  if (setup_.options.overflow == Overflow::drop_oldest) {
    ++dropped_;
    queue_.drop_oldest();
    return put(packed);
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

bool Delivery::try_offer_slowly(const Packed& packed) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::open) return true;
    if (!queue_.is_full()) {
      after = put(packed);
    } else if (waits_for_others()) {
      return false;
    } else {
      after = overflow(packed);
    }
  }
  follow(after);
  return true;
}

bool Delivery::waits_for_others() const {
  return setup_.options.overflow == Overflow::block && !(runner_ && runner_->in_turn());
}

void Delivery::offer(const Packed& packed) {
  for (int i = 0; i < kLooks + kYields; ++i) {
    if (try_offer(packed)) return;
    if (i < kLooks) {
      relax_processor();
    } else {
      std::this_thread::yield();
    }
  }
  After after;
  {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const auto may_go_on = [this] { return state_ != State::open || !queue_.is_full(); };
    bool has_room = false;
    // Room is made many events at a time: a handler that is slow but gets on is waited for.
    for (std::uint64_t before = 0; !has_room;) {
      before = delivered_.load();
      has_room = room_.wait_until(lock, deadline_after(setup_.block_timeout), may_go_on);
      if (!has_room && delivered_.load() == before) break;
    }
    --waiting_;
    if (has_room && state_ == State::open) {
      after = put(packed);
    } else {
      ++received_;
      ++dropped_;
      if (!has_room) {
        after =
            begin_end({.code = Errc::unavailable,
                       .message = concat(setup_.name,
                                         " has no room for an event, and its handler returned from "
                                         "none for ",
                                         setup_.block_timeout.count(),
                                         " ms: it is stuck; catch up from the store")});
      }
    }
  }
  follow(after);
}

void Delivery::offer(NamespacePtr ns, EventPtr event) {
  const auto bundle = std::make_shared<Bundle>(std::move(ns), 1);
  bundle->events.front() = std::move(event);
  const BundlePtr packed = bundle;
  offer({.bundle = packed, .index = 0});
}

void Delivery::tell(Gap gap) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::open) return;
    queue_.push_gap(std::move(gap));
    after.wake = who_sleeps();
  }
  follow(after);
}

Delivery::After Delivery::begin_end(Error why) {
  state_ = State::ending;
  error_ = std::move(why);
  return {.wake = who_sleeps(), .room = true, .closed = true};
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
  std::shared_ptr<Runner> runner;
  {
    const std::scoped_lock lock(mutex_);
    runner = runner_;
    state_ = State::ended;
    dropped_ += queue_.clear();
  }
  follow({.room = true, .closed = true});
  if (runner == nullptr) return;
  runner->stop();
  if (!runner->in_turn()) release();  // else the turn does it
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

/// Whether there may be more to do.
bool Delivery::turn() {
  std::vector<Gap> gaps;
  bool is_over = false;
  bool has_emptied = false;
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::ended) return false;
    if (queue_.has_nothing()) {
      is_over = state_ == State::ending;
      awake_ = is_over;
      is_streaming_ = false;
      if (!is_over) return false;
    } else {
      gaps = queue_.take(batch_, kBatch);
      gaps_ += gaps.size();
      has_emptied = queue_.has_nothing();
      // Not at each event: a publisher that is woken should find room for a while.
      after.room = waiting_ > 0 && queue_.size() <= setup_.options.capacity / 2;
    }
  }
  follow(after);
  if (is_over) {
    finish(std::nullopt);
    return false;
  }
  const bool goes_on = tell_all(gaps) && deliver();
  if (stopping_) release();
  if (goes_on && std::exchange(is_streaming_, true) && has_emptied) rest();
  return goes_on;
}

bool Delivery::tell_all(const std::vector<Gap>& gaps) {
  for (const Gap& gap : gaps) {
    if (stopping_) return false;
    if (!setup_.options.on_gap) continue;
    if (auto error = catch_all(setup_.name, nullptr, [&] { setup_.options.on_gap(gap); })) {
      finish(std::move(error));
      return false;
    }
  }
  return true;
}

bool Delivery::deliver() {
  const std::uint64_t before = delivered_.load(std::memory_order_relaxed);
  const StoredEvent* current = nullptr;
  auto error = catch_all(setup_.name, current, [&] { handle_batch(current); });
  std::size_t all = 0;
  for (const Stretch& stretch : batch_) all += stretch.size();
  batch_.clear();
  const std::uint64_t left = all - (delivered_.load(std::memory_order_relaxed) - before);
  if (left == 0) return true;
  {
    const std::scoped_lock lock(mutex_);
    dropped_ += left;
  }
  if (error) finish(std::move(error));
  return false;
}

/// Tells where it is, for when the handler throws.
void Delivery::handle_batch(const StoredEvent*& current) {
  std::uint64_t delivered = delivered_.load(std::memory_order_relaxed);
  for (const Stretch& stretch : batch_) {
    const Bundle& bundle = *stretch.bundle;
    for (std::uint32_t i = stretch.begin; i < stretch.end; ++i) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      const EventPtr& event = bundle.events[i];
      current = event.get();
      setup_.handler(*bundle.ns, event);
      if (event->position != 0) position_.store(event->position, std::memory_order_relaxed);
      delivered_.store(++delivered, std::memory_order_release);
    }
  }
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
  }
  if (is_news && setup_.log) setup_.log(LogLevel::warning, message);
  follow({.room = true, .closed = true});
  release();
}

/// What threw is not the handler: there is no memory, or the log threw. Needs no memory itself.
void Delivery::give_up() {
  {
    const std::scoped_lock lock(mutex_);
    static_cast<void>(queue_.clear());
    dropped_ = received_ - delivered_.load();
    if (state_ != State::ended) error_ = {.code = Errc::unavailable, .message = "out of memory"};
    state_ = State::ended;
  }
  follow({.room = true, .closed = true});
  release();
}

/// Lets go of the handler as soon as it is called no more: it may hold what others wait for. Then
/// of the runner; until then, whoever stops waits for this turn.
void Delivery::release() {
  {
    BusHandler handler;
    std::move_only_function<void(const Gap&)> on_gap;
    LogSink log;
    const std::scoped_lock lock(mutex_);
    handler.swap(setup_.handler);
    on_gap.swap(setup_.options.on_gap);
    log.swap(setup_.log);
  }
  std::shared_ptr<Runner> runner;
  const std::scoped_lock lock(mutex_);
  runner.swap(runner_);
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
