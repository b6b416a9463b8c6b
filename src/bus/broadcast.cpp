// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/broadcast.hpp"

#include "core/executor.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace aether {

namespace {

constexpr std::chrono::milliseconds kFirstRetry{10};
constexpr std::chrono::milliseconds kLastRetry{1'000};
constexpr std::chrono::milliseconds kFlushTimeout{5'000};

// Over a network one is waited for as long as for many.
constexpr std::size_t kAtOnce = 256;
constexpr std::size_t kMaxWaiting = 1'024;

bool passes_by_itself(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::outcome_unknown;
}

/// Publishes what the store's subscription brings, a batch a turn.
class Publisher final : public Activity {
 public:
  Publisher(std::shared_ptr<Executor> executor, Position after, EventBus& bus, Namespace ns)
      : Activity(std::move(executor)), bus_(bus), ns_(std::move(ns)), reached_(after) {}

  /// Waits while too many wait. Throws when it is over: so a handler ends its subscription.
  void add(const EventPtr& event) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return waiting_.size() < kMaxWaiting || is_over(); });
      if (has_failed_ && trouble_) throw std::runtime_error(trouble_->message);
      waiting_.push_back(event);
    }
    wake();
  }

  /// What is being published is still flushed.
  void end() {
    {
      const std::scoped_lock lock(mutex_);
      is_stopped_ = true;
    }
    room_.notify_all();
    stop();
  }

  /// What the store's subscription knows of itself, with what has become of its events.
  [[nodiscard]] Subscription::Status corrected(Subscription::Status status) const {
    const std::scoped_lock lock(mutex_);
    status.position = reached_;
    status.counters.delivered = published_;
    status.active = !has_failed_ && !is_stopped_ && (status.active || !waiting_.empty());
    if (trouble_ && (has_failed_ || !is_stopped_)) status.error = trouble_;
    return status;
  }

 private:
  bool turn() noexcept override {
    try {
      return publish_some();
    } catch (const std::bad_alloc&) {
      return true;  // again, when others have had their turn
    }
  }

  /// Whether there is more to publish now.
  bool publish_some() {
    std::vector<EventPtr> batch;
    {
      const std::scoped_lock lock(mutex_);
      if (has_failed_) return false;
      const std::size_t count = std::min(waiting_.size(), kAtOnce);
      batch.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (batch.empty()) return false;
    const auto [published, trouble] = publish(batch);
    const bool goes_on = settle(published, trouble);
    room_.notify_all();
    if (trouble && goes_on) {
      wake_after(pause_);
      pause_ = std::min(pause_ * 2, kLastRetry);
    } else {
      pause_ = kFirstRetry;
    }
    return goes_on && !trouble;
  }

  /// How many of them the bus has taken for good, and what went wrong with the next ones.
  std::pair<std::size_t, std::optional<Error>> publish(const std::vector<EventPtr>& batch) {
    std::size_t sent = 0;
    std::optional<Error> trouble;
    for (; sent < batch.size() && !trouble && !is_stopped(); ++sent) {
      if (auto published = bus_.publish(ns_, batch[sent]); !published) {
        trouble = std::move(published.error());
        break;
      }
    }
    if (sent == 0) return {0, std::move(trouble)};
    // What was sent and may be lost is sent again.
    if (auto flushed = bus_.flush(kFlushTimeout); !flushed) {
      // What is denied may be another's: if it is not, the next `publish` says so.
      if (flushed.error().code == Errc::permission_denied) {
        flushed.error().code = Errc::outcome_unknown;
      }
      return {0, std::move(flushed.error())};
    }
    return {sent, std::move(trouble)};
  }

  /// False: it is over.
  bool settle(std::size_t published, const std::optional<Error>& trouble) {
    const std::scoped_lock lock(mutex_);
    if (published > 0) reached_ = waiting_[published - 1]->position;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(published));
    published_ += published;
    trouble_ = trouble;
    has_failed_ = trouble && !passes_by_itself(*trouble);
    return !is_over();
  }

  [[nodiscard]] bool is_stopped() const {
    const std::scoped_lock lock(mutex_);
    return is_stopped_;
  }
  [[nodiscard]] bool is_over() const { return is_stopped_ || has_failed_; }  // locked

  EventBus& bus_;
  const Namespace ns_;
  std::chrono::milliseconds pause_ = kFirstRetry;  // of the turns

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable room_;
  std::deque<EventPtr> waiting_;  // those that are being published are the first
  Position reached_;
  std::uint64_t published_ = 0;
  bool is_stopped_ = false;
  bool has_failed_ = false;
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
    publisher_->end();
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
  auto executor = Executor::make();
  if (!executor) return std::unexpected(std::move(executor.error()));
  const auto publisher = std::make_shared<Publisher>(std::move(*executor), after, bus, ns);
  auto events =
      store.subscribe({}, after, [publisher](const EventPtr& event) { publisher->add(event); });
  if (!events) {
    publisher->end();
    return events;
  }
  return Subscription(std::make_unique<Broadcast>(publisher, std::move(*events)));
}

}  // namespace aether
