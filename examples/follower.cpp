// SPDX-License-Identifier: Apache-2.0
//
// The snippets of docs/bus.md, as one program: it checks what they claim, and fails if one is
// wrong.
#include <aether/bus/broadcast.hpp>
#include <aether/bus/local.hpp>
#include <aether/store/memory.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

using aether::EventPtr;
using aether::Namespace;

// [follower]
/// Counts the orders of a store, live: it listens to the bus, and reads in the store what it
/// missed.
class OrderCount {
 public:
  OrderCount(aether::EventStore& store, aether::EventBus& bus, const Namespace& ns)
      : store_(store) {
    // First listen, then catch up, and hold up what comes meanwhile: what is stored in between is
    // seen twice, and counted once.
    const std::scoped_lock lock(mutex_);
    auto subscription =
        bus.subscribe(ns, orders_,
                      {.capacity = 8,
                       .overflow = aether::Overflow::drop_oldest,
                       .on_gap = [this](const aether::Gap&) { catch_up(); }},
                      [this](const Namespace&, const EventPtr& event) { see(event); });
    if (subscription) subscription_ = std::move(*subscription);
    read_on();
  }

  int count() const { return count_; }

 private:
  void see(const EventPtr& event) {
    const std::scoped_lock lock(mutex_);
    if (event->position <= reached_) return;  // read in the store already
    reached_ = event->position;
    ++count_;
  }

  void catch_up() {
    const std::scoped_lock lock(mutex_);
    read_on();
  }

  void read_on() {
    while (true) {
      const auto page = store_.read_all(orders_, reached_, 100);
      if (!page) throw std::runtime_error(page.error().message);  // ends the subscription
      if (page->events.empty()) return;
      count_ += static_cast<int>(page->events.size());
      reached_ = page->next;
    }
  }

  aether::EventStore& store_;
  const aether::Filter orders_{.category = "order", .event_types = {"OrderPlaced"}};
  std::mutex mutex_;  // guards what has been reached
  aether::Position reached_ = 0;
  std::atomic<int> count_{0};
  aether::Subscription subscription_;  // last: it goes first
};
// [/follower]

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "this does not hold: %s\n", what);
  std::exit(1);
}

bool comes_to(const OrderCount& orders, int count) {
  for (int i = 0; i < 10'000 && orders.count() != count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return orders.count() == count;
}

aether::Event order(int number) {
  return {.event_type = "OrderPlaced", .actor_id = "order-" + std::to_string(number)};
}

}  // namespace

int main() {
  // [publish]
  const auto bus = aether::make_local_bus();
  const auto prod = Namespace::parse("prod.eu").value();
  std::atomic<int> seen{0};
  const auto europe = aether::NamespacePattern::parse("*.eu").value();
  const auto subscription = bus->subscribe(
      europe, {.category = "order"}, {}, [&](const Namespace& ns, const EventPtr& event) {
        std::printf("%s: %s of %s\n", ns.text().c_str(), event->event_type.c_str(),
                    event->actor_id.c_str());
        ++seen;
      });
  const auto published =
      bus->publish(prod, {.event_type = "OrderPlaced", .actor_id = "order-1", .version = 1});
  // [/publish]
  require(subscription && published, "an event is published");

  const auto store = aether::make_memory_event_store();
  for (int i = 0; i < 10; ++i) require(store->append(order(i)).has_value(), "an order is placed");
  const OrderCount early(*store, *bus, prod);
  require(early.count() == 10, "who comes late catches up");
  // [broadcast]
  const auto broadcast = aether::broadcast(*store, 0, *bus, prod);
  // [/broadcast]
  require(broadcast.has_value(), "a broadcast begins");
  for (int i = 0; i < 1'000; ++i) {
    require(store->append(order(i)).has_value(), "an order is placed");
  }

  const OrderCount late(*store, *bus, prod);
  require(comes_to(early, 1'010), "what is missed on the bus is read in the store");
  require(comes_to(late, 1'010), "who comes later has it all, too");
  for (int i = 0; i < 10'000 && seen != 1'011; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  require(seen == 1'011, "each event is broadcast once");
}
