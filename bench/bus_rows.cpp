// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/local.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::bench {
namespace {

constexpr std::uint64_t kWarmUp = 50'000;  // deliveries
constexpr std::uint64_t kAtOnce = 200'000;

/// More than wait in a queue, so that no thread counts an event's references while another does.
std::vector<EventPtr> different_events() {
  std::vector<EventPtr> events(2'048);
  for (EventPtr& event : events) {
    auto made = std::make_shared<StoredEvent>();
    static_cast<Event&>(*made) = completed(order_placed("order-123", 1, 8'999));
    event = std::move(made);
  }
  return events;
}

/// To be moved in, as by a publisher that has just made them.
std::vector<EventPtr> events_to_publish(const std::vector<EventPtr>& different, std::size_t count) {
  std::vector<EventPtr> events(count);
  for (std::size_t i = 0; i < count; ++i) events[i] = different[i % different.size()];
  return events;
}

/// Many subscriptions, each with a handler that counts, and a queue of the default capacity whose
/// publisher waits where it is full: nothing is lost. The Go side has a buffered channel each.
class Subscribed {
 public:
  Subscribed(const NamespacePattern& pattern, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& seen = seen_.emplace_back(std::make_unique<Counter>());
      subscriptions_.push_back(bus_->subscribe(
          pattern, {}, {}, [&counter = *seen](const Namespace&, const EventPtr& event) {
            counter.count += event->version;
          }));
    }
  }

  /// Publishes, and waits until all have got all.
  void publish(const Namespace& ns, std::vector<EventPtr> events) {
    for (EventPtr& event : events) good_ &= bus_->publish(ns, std::move(event)).has_value();
    published_ += events.size();
    for (const auto& subscription : subscriptions_) {
      while (subscription->status().counters.delivered < published_) std::this_thread::yield();
    }
  }

  [[nodiscard]] bool is_right() const {
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      const auto status = subscriptions_[i]->status();
      if (seen_[i]->count != published_ || status.counters.received != published_) return false;
    }
    return good_;
  }

 private:
  struct alignas(64) Counter {
    std::uint64_t count = 0;  // written by the handler, read when it is done
  };

  const std::unique_ptr<EventBus> bus_ = make_local_bus();
  std::vector<std::unique_ptr<Counter>> seen_;
  std::vector<Result<Subscription>> subscriptions_;
  std::uint64_t published_ = 0;
  bool good_ = true;
};

Probe publish_to(std::size_t subscribers, const std::string& pattern) {
  return [subscribers, pattern](const Budget& budget) -> Result<Sample> {
    const auto parsed = NamespacePattern::parse(pattern);
    const auto ns = Namespace::parse("tenant-a.orders");
    if (!parsed || !ns) return fail(Errc::invalid_argument, "no such namespace");
    const std::vector<EventPtr> different = different_events();
    Subscribed subscribed(*parsed, subscribers);
    subscribed.publish(*ns, events_to_publish(different, kWarmUp / subscribers));
    Meter meter(budget);
    const std::uint64_t at_once = kAtOnce / subscribers;
    while (meter.wants_more()) {
      auto events = events_to_publish(different, at_once);
      meter.time(at_once, [&] { subscribed.publish(*ns, std::move(events)); });
    }
    if (!subscribed.is_right()) return fail(Errc::corrupt, "an event was lost or doubled");
    return meter.sample();
  };
}

Row row(const GoPeer& go, std::size_t subscribers) {
  const auto count = std::to_string(subscribers);
  return {.name = "bus/local-" + count,
          .statement = "publish an event to " + count +
                       (subscribers == 1 ? " subscriber" : " subscribers") +
                       " by name, until all have handled it",
          .ours = publish_to(subscribers, "tenant-a.orders"),
          .reference_name = "Go",
          .reference = go.probe("bus-" + count),
          .goal = {Goal::Kind::faster, 4}};
}

}  // namespace

std::vector<Row> bus_rows(const Setting& setting) {
  return {
      row(setting.go, 1),
      row(setting.go, 10),
      row(setting.go, 100),
      {.name = "bus/local-wildcard",
       .statement = "publish an event to 10 subscribers of tenant-a.*, beside the exact name",
       .ours = publish_to(10, "tenant-a.*"),
       .reference_name = "by name",
       .reference = publish_to(10, "tenant-a.orders"),
       .goal = {Goal::Kind::share, 1.5}},
      {.name = "bus/local-wildcard/go",
       .statement = "the same beside Go, which splits and compares the names at each publish",
       .ours = publish_to(10, "tenant-a.*"),
       .reference_name = "Go",
       .reference = setting.go.probe("bus-wildcard")},
  };
}

}  // namespace aether::bench
