// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/broadcast.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace aether {

namespace {

constexpr std::chrono::milliseconds kFirstRetry{10};
constexpr std::chrono::milliseconds kLastRetry{1'000};

/// What the store's subscription does with each event. Shared with its handler.
class Publisher {
 public:
  Publisher(EventBus& bus, Namespace ns) : bus_(bus), ns_(std::move(ns)) {}

  /// Throws when it is over: so a handler ends its subscription.
  void publish(const EventPtr& event) {
    for (auto pause = kFirstRetry;; pause = std::min(pause * 2, kLastRetry)) {
      auto published = bus_.publish(ns_, event);
      std::unique_lock lock(mutex_);
      if (published) {
        trouble_.reset();
        return;
      }
      trouble_ = std::move(published.error());
      if (trouble_->code != Errc::unavailable) throw std::runtime_error(trouble_->message);
      if (stopped_.wait_for(lock, pause, [this] { return is_stopped_; })) {
        throw std::runtime_error("stopped while the bus was unavailable");
      }
    }
  }

  void stop() {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
    stopped_.notify_all();
  }

  /// The bus' error, in the place of what the store's subscription knows of it.
  [[nodiscard]] Subscription::Status corrected(Subscription::Status status) const {
    const std::scoped_lock lock(mutex_);
    if (trouble_ && (!is_stopped_ || trouble_->code != Errc::unavailable)) {
      status.error = trouble_;
    } else if (is_stopped_ && trouble_) {
      status.error.reset();
    }
    return status;
  }

 private:
  EventBus& bus_;
  const Namespace ns_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable stopped_;
  bool is_stopped_ = false;
  std::optional<Error> trouble_;
};

class Broadcast final : public Subscription::Impl {
 public:
  Broadcast(std::shared_ptr<Publisher> publisher, Subscription events)
      : publisher_(std::move(publisher)), events_(std::move(events)) {}
  ~Broadcast() override { Broadcast::stop(); }
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  void stop() override {
    publisher_->stop();
    events_.stop();
  }

  [[nodiscard]] Subscription::Status status() const override {
    return publisher_->corrected(events_.status());
  }

 private:
  const std::shared_ptr<Publisher> publisher_;
  Subscription events_;
};

}  // namespace

Result<Subscription> broadcast(EventStore& store, Position after, EventBus& bus,
                               const Namespace& ns) {
  const auto publisher = std::make_shared<Publisher>(bus, ns);
  auto events =
      store.subscribe({}, after, [publisher](const EventPtr& event) { publisher->publish(event); });
  if (!events) return events;
  return Subscription(std::make_unique<Broadcast>(publisher, std::move(*events)));
}

}  // namespace aether
