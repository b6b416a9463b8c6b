// SPDX-License-Identifier: Apache-2.0
//
// nats_bus_peer URL PUBLISHERS_URL FOLDER INDEX PEERS: one of several processes on a bus. It
// publishes versions of its own actor, one after the other, over a connection of its own, until it
// is told to stop, and sees those of all by two subscriptions: one that should keep pace, and one
// whose small queue drops.
#include "nats/bus_peer.hpp"

#include "aether/nats/bus.hpp"
#include "testing/waiting.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

using namespace std::chrono_literals;
using testing::eventually;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "nats_bus_peer: " << why << '\n';
  std::_Exit(1);
}

std::string actor(std::size_t index) { return "peer-" + std::to_string(index); }

/// What the first subscription sees.
class Seen {
 public:
  explicit Seen(std::size_t peers) : peers_(peers) {}

  void take(const Event& event) {
    const std::scoped_lock lock(mutex_);
    Peer& peer = peers_.at(std::stoul(event.actor_id.substr(5)));
    ++peer.seen.received;
    // Versions count what was published: none is left out but those that were told.
    if (event.version != peer.last + peer.told + 1) ++peer.seen.wrong;
    peer.last = event.version;
    peer.told = 0;
  }
  void tell(const Gap& gap) {
    if (gap.cause == Gap::Cause::disconnected) return;  // how much, is told later
    if (gap.cause != Gap::Cause::missing || gap.count == 0) give_up("a gap of another kind");
    const std::scoped_lock lock(mutex_);
    Peer& peer = peers_.at(std::stoul(gap.ns->text().substr(10)));  // "prod.peer-7"
    peer.seen.missed += gap.count;
    peer.told += gap.count;
  }
  [[nodiscard]] bool has_some_of_each() { return has_all(Numbers(peers_.size(), 1)); }
  /// Whether all of `totals` has come, or was told as missing.
  [[nodiscard]] bool has_all(const Numbers& totals) {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].seen.received + peers_[i].seen.missed < totals.at(i)) return false;
    }
    return true;
  }
  void add_to(Numbers& report) {
    const std::scoped_lock lock(mutex_);
    for (const Peer& peer : peers_) {
      report.insert(report.end(), {peer.seen.received, peer.seen.missed, peer.seen.wrong});
    }
  }

 private:
  struct Peer {
    PeerSeen seen{};
    Version last = 0;
    std::uint64_t told = 0;  // as missing, since its last event
  };
  std::mutex mutex_;  // guards all
  std::vector<Peer> peers_;
};

/// What the second one sees, which takes its time.
class Slow {
 public:
  void take() {
    ++delivered;
    std::this_thread::sleep_for(200us);  // not to wait for anything: the pace
  }
  void tell(const Gap& gap) {
    if (gap.cause == Gap::Cause::overflow) told_dropped += gap.count;
    if (gap.cause == Gap::Cause::missing) told_missing += gap.count;
  }
  [[nodiscard]] std::uint64_t sum() const { return delivered + told_dropped + told_missing; }

  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> told_dropped{0};
  std::atomic<std::uint64_t> told_missing{0};
};

/// Returns whether it was accepted.
bool publish_one(EventBus& bus, const Namespace& ns, std::size_t index, Version version) {
  const auto published = bus.publish(
      ns, Event{.event_type = "Happened", .actor_id = actor(index), .version = version});
  if (published) return true;
  if (published.error().code != Errc::unavailable) give_up(published.error().message);
  return false;
}

/// Until it is told to stop; then once more, for good. Returns how many were accepted.
Version publish_all(EventBus& bus, const Namespace& ns, std::size_t index,
                    const std::string& stop) {
  constexpr int kAtOnce = 5;
  Version version = 0;
  while (!is_said(stop)) {
    for (int i = 0; i < kAtOnce; ++i) {
      if (publish_one(bus, ns, index, version + 1)) ++version;
    }
    std::this_thread::sleep_for(10ms);  // not to wait for anything: the pace
  }
  if (!eventually([&] { return publish_one(bus, ns, index, version + 1); })) {
    give_up("nothing can be published any more");
  }
  ++version;
  if (!eventually([&] { return bus.flush(1s).has_value(); })) give_up("it cannot be flushed");
  return version;
}

std::unique_ptr<nats::Bus> open(const std::string& url) {
  const auto connection =
      nats::connect({.urls = {url}, .reconnect = {.wait = 20ms, .jitter = 10ms}});
  if (!connection) give_up(connection.error().message);
  auto bus = nats::open_bus(*connection);
  if (!bus) give_up(bus.error().message);
  return std::move(*bus);
}

int run(const std::string& url, const std::string& publishers_url, const std::string& folder,
        std::size_t index, std::size_t peers) {
  const auto bus = open(url);
  const auto publisher = open(publishers_url);
  const std::string own = "-" + std::to_string(index);
  const auto ns = *Namespace::parse("prod." + actor(index));
  const auto all = *NamespacePattern::parse("prod.>");
  Seen seen(peers);
  Slow slow;
  const auto subscription =
      bus->subscribe(all, {}, {.on_gap = [&](const Gap& gap) { seen.tell(gap); }},
                     [&](const Namespace&, const EventPtr& event) { seen.take(*event); });
  if (!subscription) give_up(subscription.error().message);
  const auto dropping = bus->subscribe(all, {},
                                       {.capacity = 16,
                                        .overflow = Overflow::drop_oldest,
                                        .on_gap = [&](const Gap& gap) { slow.tell(gap); }},
                                       [&](const Namespace&, const EventPtr&) { slow.take(); });
  if (!dropping) give_up(dropping.error().message);

  say(folder + "/ready" + own);
  if (!eventually([&] { return is_said(folder + "/go"); })) give_up("nobody said go");
  std::jthread starting([&] {
    if (!eventually([&] { return seen.has_some_of_each(); })) give_up("somebody is not heard");
    say(folder + "/started" + own);
  });
  say(folder + "/published" + own, {publish_all(*publisher, ns, index, folder + "/stop")});
  if (!eventually([&] { return is_said(folder + "/totals"); })) give_up("nobody said how many");
  const Numbers totals = read_numbers(folder + "/totals");
  const auto sum = std::accumulate(totals.begin(), totals.end(), std::uint64_t{0});
  // If it is not all there in time, the report says what is missing; so it must come in time, too.
  const auto until = std::chrono::steady_clock::now() + testing::patience() / 2;
  while (!(seen.has_all(totals) && slow.sum() >= sum) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(5ms);
  }
  bus->close();
  const auto is_over = [&] { return !subscription->status().active && !dropping->status().active; };
  if (!eventually(is_over)) give_up("it does not end");

  const auto counters = subscription->status().counters;
  const auto of_slow = dropping->status().counters;
  Numbers report{counters.received, counters.delivered,      counters.dropped,
                 counters.gaps,     bus->foreign_messages(), of_slow.delivered,
                 of_slow.dropped,   slow.told_dropped,       slow.told_missing};
  seen.add_to(report);
  say(folder + "/report" + own, report);
  return 0;
}

}  // namespace
}  // namespace aether::tests

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  return aether::tests::run(argv[1], argv[2], argv[3], std::stoul(argv[4]), std::stoul(argv[5]));
}
