// SPDX-License-Identifier: Apache-2.0
#include "planted/bus.hpp"

#include "planted/bus_subscriber.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace aether::planted {

namespace {

Error closed_error() { return {.code = Errc::closed, .message = "the bus was closed"}; }

class Handle final : public Subscription::Impl {
 public:
  explicit Handle(std::shared_ptr<Subscriber> subscriber) : subscriber_(std::move(subscriber)) {}
  ~Handle() override { subscriber_->stop(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void stop() override { subscriber_->stop(); }
  [[nodiscard]] Subscription::Status status() const override { return subscriber_->status(); }

 private:
  const std::shared_ptr<Subscriber> subscriber_;
};

class PlantedBus final : public EventBus {
 public:
  explicit PlantedBus(BusBug bug) : bug_(bug) {}
  ~PlantedBus() override { PlantedBus::close(); }
  PlantedBus(const PlantedBus&) = delete;
  PlantedBus& operator=(const PlantedBus&) = delete;

  Result<void> flush(std::chrono::milliseconds /*timeout*/) override {
    if (is_closed_) return std::unexpected(closed_error());
    return {};
  }

  void close() override {
    is_closed_ = true;
    for (const auto& subscriber : subscribers()) subscriber->end(closed_error());
  }

 protected:
  Result<void> do_publish(const Namespace& ns, EventPtr event) override {
    if (is_closed_ && bug_ != "publishes_when_closed") return std::unexpected(closed_error());
    if (bug_ == "metadata_lost") {
      auto copy = std::make_shared<StoredEvent>(*event);
      copy->metadata.clear();
      event = std::move(copy);
    }
    std::vector<std::shared_ptr<Subscriber>> full;
    for (const auto& subscriber : subscribers()) {
      if (!subscriber->sees(ns, *event)) continue;
      if (bug_ == "block_keeps_others_waiting") {
        subscriber->offer(ns, event);
      } else if (!subscriber->try_offer(ns, event)) {
        full.push_back(subscriber);
      }
    }
    for (const auto& subscriber : full) subscriber->offer(ns, event);
    if (bug_ == "late_subscriber_sees_old") {
      const std::scoped_lock lock(mutex_);
      last_ = {ns, event};
    }
    if (!full.empty() && is_closed_) return std::unexpected(closed_error());
    return {};
  }

  Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                    SubscribeOptions options, BusHandler handler) override {
    if (is_closed_ && bug_ != "subscribes_when_closed") return std::unexpected(closed_error());
    const auto subscriber =
        std::make_shared<Subscriber>(Subscriber::Setup{.bug = bug_,
                                                       .pattern = std::move(pattern),
                                                       .filter = std::move(filter),
                                                       .options = std::move(options),
                                                       .handler = std::move(handler),
                                                       .handlers = handlers_,
                                                       .end_all = [this] { is_closed_ = true; }});
    subscriber->start();
    const std::scoped_lock lock(mutex_);
    if (last_ && subscriber->sees(last_->first, *last_->second)) {
      static_cast<void>(subscriber->try_offer(last_->first, last_->second));
    }
    subscribers_.push_back(subscriber);
    return Subscription(std::make_unique<Handle>(subscriber));
  }

 private:
  std::vector<std::shared_ptr<Subscriber>> subscribers() {
    const std::scoped_lock lock(mutex_);
    return subscribers_;
  }

  const BusBug bug_;
  const std::shared_ptr<std::mutex> handlers_ = std::make_shared<std::mutex>();
  std::atomic<bool> is_closed_{false};
  std::mutex mutex_;  // guards all below
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::optional<std::pair<Namespace, EventPtr>> last_;
};

}  // namespace

std::unique_ptr<EventBus> make_bus(BusBug bug) { return std::make_unique<PlantedBus>(bug); }

}  // namespace aether::planted
