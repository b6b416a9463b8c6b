// SPDX-License-Identifier: Apache-2.0
#include "store/polling_subscription.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kPageSize = 256;  // events held per subscription while its handler runs
constexpr std::chrono::milliseconds kTurn{2};  // then others have their turn
constexpr std::chrono::milliseconds kFirstPause{10};
constexpr std::chrono::milliseconds kLastPause{1'000};

std::optional<Error> call(EventHandler& handler, const EventPtr& event) {
  try {
    handler(event);
    return std::nullopt;
  } catch (const std::exception& error) {
    return Error{.code = Errc::closed,
                 .message = std::string("the subscription's handler threw: ") + error.what(),
                 .position = event->position};
  } catch (...) {
    return Error{.code = Errc::closed,
                 .message = "the subscription's handler threw something that is no std::exception",
                 .position = event->position};
  }
}

/// Reads, and calls the handler.
class Follower final : public Activity {
 public:
  Follower(std::shared_ptr<Executor> executor, EventSource source, Filter filter, Position after,
           EventHandler handler)
      : Activity(std::move(executor)),
        source_(std::move(source)),
        filter_(std::move(filter)),
        handler_(std::move(handler)),
        status_{.active = true, .position = after} {
    page_.next = after;
  }

  ~Follower() override {
    if (source_.notifier) source_.notifier->withdraw(*this);
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// No event is delivered any more.
  void end(std::optional<Error> error) {
    const std::scoped_lock lock(mutex_);
    if (!status_.active) return;
    status_.active = false;
    status_.error = std::move(error);
  }

  /// Lets go of what belongs to the user and to the store. Call it once no turn can run: else they
  /// go with the turn.
  void release() {
    source_.notifier->withdraw(*this);
    page_ = {};
    handler_ = nullptr;
    source_ = {};
  }

  [[nodiscard]] Subscription::Status status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }

 private:
  bool turn() noexcept override {
    if (is_over_) return false;
    if (delivered_ == page_.events.size()) return read();
    return deliver();
  }

  /// True: there is something to deliver.
  bool read() {
    source_.notifier->announce(*this);
    if (source_.notifier->closed()) return fail_with(was_closed());
    auto page = source_.read_all(filter_, page_.next, kPageSize);
    if (!page) return read_again_after(std::move(page.error()));
    retry_ = kFirstPause;
    if (std::exchange(is_failing_, false)) {
      tell(LogLevel::info, "the store can be read again", std::nullopt);
    }
    page_ = std::move(*page);
    delivered_ = 0;
    if (!page_.events.empty()) {
      source_.notifier->withdraw(*this);
      received(page_.events.size());
      return deliver();
    }
    reached(page_.next, 0);
    if (source_.poll_interval != std::chrono::milliseconds::max()) {
      wake_after(source_.poll_interval);
    }
    return false;
  }

  bool read_again_after(Error error) {
    if (source_.notifier->closed()) return fail_with(was_closed());  // no surprise then
    // What passes by itself (a full disk, no memory, too many open files) must not end it.
    if (error.code != Errc::unavailable) return fail_with(std::move(error));
    if (!std::exchange(is_failing_, true)) tell(LogLevel::warning, error.message, error);
    wake_after(retry_);
    retry_ = std::min(retry_ * 2, kLastPause);
    return false;
  }

  /// As many events of the page as there is time for.
  bool deliver() {
    const auto until = std::chrono::steady_clock::now() + kTurn;
    do {
      if (is_stopped()) return false;
      const EventPtr& event = page_.events[delivered_];
      if (auto error = call(handler_, event)) return fail_with(std::move(*error));
      reached(event->position, 1);
      if (++delivered_ == page_.events.size()) {
        reached(page_.next, 0);
        return true;
      }
    } while (std::chrono::steady_clock::now() < until);
    return true;
  }

  static Error was_closed() { return {.code = Errc::closed, .message = "the store was closed"}; }

  bool fail_with(Error error) {
    is_over_ = true;
    end(std::move(error));
    return false;
  }

  /// Still active, and what holds it up, if anything does.
  void tell(LogLevel level, const std::string& message, std::optional<Error> trouble) {
    if (source_.log) source_.log(level, "a subscription: " + message);
    const std::scoped_lock lock(mutex_);
    status_.error = std::move(trouble);
  }

  void received(std::size_t events) {
    const std::scoped_lock lock(mutex_);
    status_.counters.received += events;
  }

  /// `events` more were handled, and all up to `position` are done with.
  void reached(Position position, std::size_t events) {
    const std::scoped_lock lock(mutex_);
    status_.position = std::max(status_.position, position);
    status_.counters.delivered += events;
  }

  // Only turns use these, until `release`.
  EventSource source_;
  Filter filter_;
  EventHandler handler_;
  Page page_;
  std::size_t delivered_ = 0;  // events of page_
  std::chrono::milliseconds retry_ = kFirstPause;
  bool is_failing_ = false;
  bool is_over_ = false;

  mutable std::mutex mutex_;  // guards status_
  Subscription::Status status_;
};

class PollingSubscription final : public Subscription::Impl {
 public:
  explicit PollingSubscription(std::shared_ptr<Follower> delivery)
      : delivery_(std::move(delivery)) {
    delivery_->wake();
  }

  ~PollingSubscription() override {
    PollingSubscription::stop();
    if (!delivery_->in_turn()) delivery_->release();
  }

  PollingSubscription(const PollingSubscription&) = delete;
  PollingSubscription& operator=(const PollingSubscription&) = delete;

  void stop() override {
    delivery_->stop();
    delivery_->end(std::nullopt);
  }

  [[nodiscard]] Subscription::Status status() const override { return delivery_->status(); }

 private:
  std::shared_ptr<Follower> delivery_;
};

}  // namespace

Result<std::shared_ptr<Executor>> SubscriptionThreads::get() {
  const std::scoped_lock lock(mutex_);
  if (executor_) return executor_;
  auto made = Executor::make();
  if (made) executor_ = *made;
  return made;
}

Result<void> check_poll_interval(std::chrono::milliseconds interval) {
  if (interval > std::chrono::milliseconds::zero()) return {};
  return fail(Errc::invalid_argument, concat("a poll interval of ", interval.count(),
                                             " ms would poll without end: give at least 1 ms"));
}

Result<Subscription> start_polling(EventSource source, Filter filter, Position after,
                                   EventHandler handler) {
  if (!handler) return fail(Errc::invalid_argument, "a subscription needs a handler");
  auto executor = source.threads->get();
  if (!executor) return std::unexpected(std::move(executor.error()));
  if (source.poller) source.poller->start(*executor);
  return Subscription(std::make_unique<PollingSubscription>(std::make_shared<Follower>(
      std::move(*executor), std::move(source), std::move(filter), after, std::move(handler))));
}

}  // namespace aether
