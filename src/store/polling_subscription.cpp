// SPDX-License-Identifier: Apache-2.0
#include "store/polling_subscription.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kPageSize = 256;  // events held per subscription while its handler runs
constexpr std::chrono::milliseconds kFirstRetry{10};
constexpr std::chrono::milliseconds kLastRetry{1'000};

/// What the thread works on. Shared, because the handler may destroy the subscription.
struct Delivery {
  EventSource source;
  Filter filter;
  EventHandler handler;

  std::atomic<std::thread::id> thread;
  std::mutex mutex;  // guards status
  Subscription::Status status;

  void end(std::optional<Error> error) {
    const std::scoped_lock lock(mutex);
    status.active = false;
    status.error = std::move(error);
  }

  /// Still active, and what holds it up, if anything does.
  void tell(LogLevel level, const std::string& message, std::optional<Error> trouble) {
    if (source.log) source.log(level, "a subscription: " + message);
    const std::scoped_lock lock(mutex);
    status.error = std::move(trouble);
  }

  void received(std::size_t events) {
    const std::scoped_lock lock(mutex);
    status.counters.received += events;
  }

  /// `events` more were handled, and all up to `position` are done with.
  void reached(Position position, std::size_t events) {
    const std::scoped_lock lock(mutex);
    status.position = std::max(status.position, position);
    status.counters.delivered += events;
  }
};

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

/// False: it is over, and `delivery.status` says why.
bool deliver(Delivery& delivery, const Page& page, const std::stop_token& stop) {
  delivery.received(page.events.size());
  for (const EventPtr& event : page.events) {
    if (stop.stop_requested()) {
      delivery.end(std::nullopt);
      return false;
    }
    if (auto error = call(delivery.handler, event)) {
      delivery.end(std::move(error));
      return false;
    }
    delivery.reached(event->position, 1);
  }
  delivery.reached(page.next, 0);
  return true;
}

void run(const std::shared_ptr<Delivery>& delivery, Position after, const std::stop_token& stop) {
  delivery->thread = std::this_thread::get_id();
  auto retry = kFirstRetry;
  bool failing = false;
  while (!stop.stop_requested()) {
    Notifier::Waiter waiter(*delivery->source.notifier);
    if (delivery->source.notifier->closed()) {
      return delivery->end(Error{.code = Errc::closed, .message = "the store was closed"});
    }
    const auto page = delivery->source.read_all(delivery->filter, after, kPageSize);
    if (!page) {
      if (delivery->source.notifier->closed()) continue;  // that it cannot be read is no surprise
      // What passes by itself (a full disk, no memory, too many open files) must not end it.
      if (page.error().code != Errc::unavailable) return delivery->end(page.error());
      if (!failing) delivery->tell(LogLevel::warning, page.error().message, page.error());
      failing = true;
      waiter.wait(stop, retry);
      retry = std::min(retry * 2, kLastRetry);
      continue;
    }
    retry = kFirstRetry;
    if (failing) delivery->tell(LogLevel::info, "the store can be read again", std::nullopt);
    failing = false;
    if (!deliver(*delivery, *page, stop)) return;
    after = page->next;
    if (page->events.empty()) waiter.wait(stop, delivery->source.poll_interval);
  }
  delivery->end(std::nullopt);
}

class PollingSubscription final : public Subscription::Impl {
 public:
  PollingSubscription(std::shared_ptr<Delivery> delivery, Position after)
      : delivery_(std::move(delivery)),
        thread_(
            [work = delivery_, after](const std::stop_token& stop) { run(work, after, stop); }) {}

  ~PollingSubscription() override {
    stop();
    if (thread_.joinable()) thread_.detach();  // destroyed by the handler: it ends by itself
  }

  PollingSubscription(const PollingSubscription&) = delete;
  PollingSubscription& operator=(const PollingSubscription&) = delete;

  void stop() override {
    thread_.request_stop();
    if (delivery_->thread.load() == std::this_thread::get_id()) return;  // called by the handler
    const std::scoped_lock lock(joining_);
    if (thread_.joinable()) thread_.join();
    const std::scoped_lock status_lock(delivery_->mutex);
    delivery_->status.active = false;
  }

  [[nodiscard]] Subscription::Status status() const override {
    const std::scoped_lock lock(delivery_->mutex);
    return delivery_->status;
  }

 private:
  std::shared_ptr<Delivery> delivery_;
  std::mutex joining_;
  std::jthread thread_;
};

}  // namespace

Result<void> check_poll_interval(std::chrono::milliseconds interval) {
  if (interval > std::chrono::milliseconds::zero()) return {};
  return fail(Errc::invalid_argument, concat("a poll interval of ", interval.count(),
                                             " ms would poll without end: give at least 1 ms"));
}

Result<Subscription> start_polling(EventSource source, Filter filter, Position after,
                                   EventHandler handler) {
  if (!handler) return fail(Errc::invalid_argument, "a subscription needs a handler");
  auto delivery = std::make_shared<Delivery>();
  delivery->source = std::move(source);
  delivery->filter = std::move(filter);
  delivery->handler = std::move(handler);
  delivery->status = {.active = true, .position = after};
  try {
    return Subscription(std::make_unique<PollingSubscription>(std::move(delivery), after));
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable,
                std::string("no thread can be had for a subscription: ") + error.what());
  }
}

}  // namespace aether
