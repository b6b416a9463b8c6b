// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/local.hpp"

#include "bus/bundle.hpp"
#include "bus/delivery.hpp"
#include "core/executor.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
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

/// A subscriber as its route knows it.
struct Target {
  Delivery* delivery;
  const Filter* filter;  // null: it takes all

  [[nodiscard]] bool takes(const Event& event) const {
    return filter == nullptr || filter->matches(event);
  }
};

/// Where the events of a namespace go: its patterns have been matched already.
struct Route {
  NamespacePtr ns;
  std::vector<Target> targets;
  std::vector<std::shared_ptr<const Subscriber>> subscribers;  // keeps what the targets point to
};

/// What a thread remembers of a namespace that it publishes into: so that to publish again costs
/// neither a lock nor a search.
struct Lane {
  std::uint64_t exchange = 0;    // none has this number
  std::uint64_t generation = 0;  // of the exchange's subscribers, when the route was found
  std::shared_ptr<const Route> route;
  Packer packer{nullptr};
};

constexpr std::size_t kLanes = 8;
using Lanes = std::array<Lane, kLanes>;

// A plain pointer needs no look at whether it has been initialised.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a thread's own
constinit thread_local Lanes* lanes = nullptr;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a thread's own
constinit thread_local bool lanes_have_gone = false;

/// An object that goes after them, at the thread's end, may publish still: then they are made anew,
/// and go again.
[[gnu::noinline]] void make_lanes() {
  struct Owner {
    Owner() = default;
    ~Owner() {
      lanes_have_gone = true;
      const std::unique_ptr<Lanes> gone(std::exchange(lanes, nullptr));
    }
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
  };
  if (lanes_have_gone) {
    thread_local const Owner again;
  } else {
    thread_local const Owner owner;
  }
  lanes = std::make_unique<Lanes>().release();
}

Lane& lane_for(std::string_view ns) {
  if (lanes == nullptr) [[unlikely]] {
    make_lanes();
  }
  const auto letter = [&](std::size_t at) { return static_cast<unsigned char>(ns[at]); };
  return (*lanes)[(ns.size() + letter(ns.size() / 2) + letter(ns.size() - 1)) % kLanes];
}

Error closed_error() { return {.code = Errc::closed, .message = "the bus was closed"}; }

/// What the bus and its subscriptions share.
class Exchange {
 public:
  /// This thread's for the namespace. Null: closed.
  Lane* lane(const Namespace& ns) {
    Lane& lane = lane_for(ns.text());
    if (lane.exchange == id_ && lane.generation == generation_.load() &&
        lane.route->ns->text() == ns.text()) [[likely]] {
      return &lane;
    }
    return renew(lane, ns) ? &lane : nullptr;
  }

  /// False: closed.
  [[nodiscard]] bool add(std::shared_ptr<const Subscriber> subscriber) {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return false;
    subscribers_.push_back(std::move(subscriber));
    change();
    return true;
  }

  void remove(const Delivery& delivery) {
    const std::scoped_lock lock(mutex_);
    const auto is_it = [&](const auto& subscriber) {
      return subscriber->delivery.get() == &delivery;
    };
    if (std::erase_if(subscribers_, is_it) > 0) change();
  }

  void close() {
    std::vector<std::shared_ptr<const Subscriber>> subscribers;
    {
      const std::scoped_lock lock(mutex_);
      is_closed_ = true;
      subscribers.swap(subscribers_);
      executor_.reset();
      change();
    }
    for (const auto& subscriber : subscribers) subscriber->delivery->end(closed_error());
  }

  /// The threads for handlers, from the first subscription on.
  Result<std::shared_ptr<Executor>> executor(std::size_t max_threads) {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return std::unexpected(closed_error());
    if (executor_ == nullptr) {
      auto made = Executor::make({.max_threads = max_threads});
      if (!made) return made;
      executor_ = std::move(*made);
    }
    return executor_;
  }

  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  void change() {
    routes_.clear();
    ++generation_;
  }

  /// False: closed; then it remembers nothing.
  bool renew(Lane& lane, const Namespace& ns) {
    const Lane old = std::exchange(lane, {});  // goes when the lock has gone
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return false;
    lane.route = route(ns);
    lane.packer = old.exchange == id_ && *old.route->ns == ns ? old.packer : Packer(lane.route->ns);
    lane.generation = generation_;
    lane.exchange = id_;  // last: without it, it is nobody's
    return true;
  }

  std::shared_ptr<const Route> route(const Namespace& ns) {
    const auto found = routes_.find(ns.text());
    if (found != routes_.end()) return found->second;
    auto route = std::make_shared<Route>();
    route->ns = std::make_shared<const Namespace>(ns);
    for (const auto& subscriber : subscribers_) {
      if (!subscriber->pattern.matches(ns)) continue;
      const Filter* filter = subscriber->filter == Filter{} ? nullptr : &subscriber->filter;
      route->targets.push_back({.delivery = subscriber->delivery.get(), .filter = filter});
      route->subscribers.push_back(subscriber);
    }
    if (routes_.size() >= kMaxRoutes) routes_.clear();
    routes_.emplace(ns.text(), route);
    return route;
  }

  static std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  const std::uint64_t id_ = next_id();
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<bool> is_closed_{false};
  std::mutex mutex_;  // guards all below, and what is written to those above
  std::vector<std::shared_ptr<const Subscriber>> subscribers_;
  std::unordered_map<std::string, std::shared_ptr<const Route>> routes_;
  std::shared_ptr<Executor> executor_;
};

class LocalBus final : public EventBus {
 public:
  explicit LocalBus(LocalBusOptions options) : options_(std::move(options)) {}
  ~LocalBus() override { exchange_->close(); }
  LocalBus(const LocalBus&) = delete;
  LocalBus& operator=(const LocalBus&) = delete;

  Result<void> flush(std::chrono::milliseconds /*timeout*/) override {
    if (exchange_->is_closed()) return std::unexpected(closed_error());
    return {};
  }

  void close() override { exchange_->close(); }

 protected:
  Result<void> do_publish(const Namespace& ns, EventPtr event) override {
    Lane* lane = exchange_->lane(ns);
    if (lane == nullptr) return std::unexpected(closed_error());
    const auto& targets = lane->route->targets;
    auto next = targets.begin();
    while (next != targets.end() && !next->takes(*event)) ++next;
    if (next == targets.end()) return {};
    const Packed packed = lane->packer.pack(std::move(event));
    std::vector<Delivery*> full;  // waited for only when all others have got theirs
    for (; next != targets.end(); ++next) {
      if (!next->takes(*packed.event())) continue;
      if (!next->delivery->try_offer(packed)) [[unlikely]] {
        full.push_back(next->delivery);
      }
    }
    for (Delivery* delivery : full) delivery->offer(packed);
    // Closed meanwhile: some may have refused it. If not by now, all have got it.
    if (exchange_->is_closed()) return std::unexpected(closed_error());
    return {};
  }

  Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                    SubscribeOptions options, BusHandler handler) override {
    auto executor = exchange_->executor(options_.max_threads);
    if (!executor) return std::unexpected(std::move(executor.error()));
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
    delivery->start(std::move(*executor));
    Subscription subscription = subscription_of(delivery);
    auto subscriber =
        std::make_shared<const Subscriber>(Subscriber{.pattern = std::move(pattern),
                                                      .filter = std::move(filter),
                                                      .delivery = std::move(delivery)});
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
