// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/local.hpp"

#include "bus/delivery.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aether {

namespace {

constexpr std::size_t kMaxRoutes = 10'000;  // beyond it they are looked for anew

struct Subscriber {
  NamespacePattern pattern;
  Filter filter;
  std::shared_ptr<Delivery> delivery;
};

/// Where the events of a namespace go: its patterns have been matched already.
struct Route {
  Namespace ns;
  std::vector<std::shared_ptr<const Subscriber>> subscribers;
};

Error closed_error() { return {.code = Errc::closed, .message = "the bus was closed"}; }

/// What the bus and its subscriptions share.
class Exchange {
 public:
  /// Null once closed.
  std::shared_ptr<const Route> route(const Namespace& ns) {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return nullptr;
    const auto found = routes_.find(ns.text());
    if (found != routes_.end()) return found->second;
    auto route = std::make_shared<Route>(Route{.ns = ns, .subscribers = {}});
    for (const auto& subscriber : subscribers_) {
      if (subscriber->pattern.matches(ns)) route->subscribers.push_back(subscriber);
    }
    if (routes_.size() >= kMaxRoutes) routes_.clear();
    routes_.emplace(ns.text(), route);
    return route;
  }

  /// False: closed.
  [[nodiscard]] bool add(std::shared_ptr<const Subscriber> subscriber) {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return false;
    subscribers_.push_back(std::move(subscriber));
    routes_.clear();
    return true;
  }

  void remove(const Delivery& delivery) {
    const std::scoped_lock lock(mutex_);
    const auto is_it = [&](const auto& subscriber) {
      return subscriber->delivery.get() == &delivery;
    };
    if (std::erase_if(subscribers_, is_it) > 0) routes_.clear();
  }

  void close() {
    std::vector<std::shared_ptr<const Subscriber>> subscribers;
    {
      const std::scoped_lock lock(mutex_);
      is_closed_ = true;
      subscribers.swap(subscribers_);
      routes_.clear();
    }
    for (const auto& subscriber : subscribers) subscriber->delivery->end(closed_error());
  }

  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  std::mutex mutex_;  // guards all; is_closed_ may be read without it
  std::atomic<bool> is_closed_{false};
  std::vector<std::shared_ptr<const Subscriber>> subscribers_;
  std::unordered_map<std::string, std::shared_ptr<const Route>> routes_;
};

class LocalBus final : public EventBus {
 public:
  explicit LocalBus(LocalBusOptions options) : options_(std::move(options)) {}
  ~LocalBus() override { exchange_->close(); }
  LocalBus(const LocalBus&) = delete;
  LocalBus& operator=(const LocalBus&) = delete;

  Result<void> flush(std::chrono::milliseconds) override {
    if (exchange_->is_closed()) return std::unexpected(closed_error());
    return {};
  }

  void close() override { exchange_->close(); }

 protected:
  Result<void> do_publish(const Namespace& ns, EventPtr event) override {
    const auto route = exchange_->route(ns);
    if (route == nullptr) return std::unexpected(closed_error());
    const NamespacePtr shared_ns(route, &route->ns);
    std::vector<Delivery*> full;  // waited for only when all others have got theirs
    for (const auto& subscriber : route->subscribers) {
      if (!subscriber->filter.matches(*event)) continue;
      if (!subscriber->delivery->try_offer(shared_ns, EventPtr(event))) {
        full.push_back(subscriber->delivery.get());
      }
    }
    for (Delivery* delivery : full) delivery->offer(shared_ns, EventPtr(event));
    if (!full.empty() && exchange_->is_closed()) return std::unexpected(closed_error());
    return {};
  }

  Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                    SubscribeOptions options, BusHandler handler) override {
    const auto closed = [exchange = std::weak_ptr(exchange_)](const Delivery& delivery) {
      if (const auto alive = exchange.lock()) alive->remove(delivery);
    };
    auto delivery = std::make_shared<Delivery>(
        Delivery::Setup{.name = concat("the subscription to ", pattern.text()),
                        .options = std::move(options),
                        .handler = std::move(handler),
                        .block_timeout = options_.block_timeout,
                        .log = options_.log,
                        .closed = closed});
    if (auto ok = delivery->start(); !ok) return std::unexpected(std::move(ok.error()));
    Subscription subscription = subscription_of(delivery);
    auto subscriber = std::make_shared<const Subscriber>(Subscriber{
        .pattern = std::move(pattern), .filter = std::move(filter), .delivery = delivery});
    if (!exchange_->add(std::move(subscriber))) return std::unexpected(closed_error());
    return subscription;
  }

 private:
  const LocalBusOptions options_;
  const std::shared_ptr<Exchange> exchange_ = std::make_shared<Exchange>();
};

}  // namespace

std::unique_ptr<EventBus> make_local_bus(const LocalBusOptions& options) {
  return std::make_unique<LocalBus>(options);
}

}  // namespace aether
