// SPDX-License-Identifier: Apache-2.0
//
// nats_bus_peer URL FOLDER INDEX PEERS: one of several processes on a bus. It publishes versions of
// its own actor, one after the other, until it is told to stop, and sees those of all.
#include "nats/bus_peer.hpp"

#include "aether/nats/bus.hpp"
#include "testing/waiting.hpp"

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace aether::tests {
namespace {

using namespace std::chrono_literals;
using testing::eventually;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "nats_bus_peer: " << why << '\n';
  std::_Exit(1);
}

std::string actor(std::size_t index) { return "peer-" + std::to_string(index); }

class Seen {
 public:
  explicit Seen(std::size_t peers) : peers_(peers) {}

  void take(const Event& event) {
    const std::scoped_lock lock(mutex_);
    const auto index = std::stoul(event.actor_id.substr(5));
    Peer& peer = peers_.at(index);
    ++peer.seen.received;
    const Version next = peer.last + 1;
    if (event.version < next || (event.version > next && peer.gaps == gaps_)) ++peer.seen.wrong;
    if (event.version > next) peer.seen.missed += event.version - next;
    peer.last = event.version;
    peer.gaps = gaps_;
  }
  void tell(const Gap& gap) {
    if (gap.cause != Gap::Cause::disconnected) give_up("a gap of another cause");
    const std::scoped_lock lock(mutex_);
    ++gaps_;
  }
  /// Whether all of `totals` has come, or was missed.
  [[nodiscard]] bool has_all(const Numbers& totals) {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].last < totals.at(i)) return false;
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
    std::uint64_t gaps = 0;  // that were told before its last event
  };
  std::mutex mutex_;  // guards all
  std::vector<Peer> peers_;
  std::uint64_t gaps_ = 0;
};

/// Until it is told to stop. Returns how many were accepted.
Version publish_all(EventBus& bus, const Namespace& ns, std::size_t index,
                    const std::string& stop) {
  constexpr int kAtOnce = 5;
  Version version = 0;
  while (!is_said(stop)) {
    for (int i = 0; i < kAtOnce; ++i) {
      const Event event{.event_type = "Happened", .actor_id = actor(index), .version = version + 1};
      const auto published = bus.publish(ns, event);
      if (published) {
        ++version;
      } else if (published.error().code == Errc::outcome_unknown) {
        ++version;  // it may have been received
      } else if (published.error().code != Errc::unavailable) {
        give_up(published.error().message);
      }
    }
    std::this_thread::sleep_for(10ms);  // not to wait for anything: the pace
  }
  if (!eventually([&] { return bus.flush(1s).has_value(); })) give_up("it cannot be flushed");
  return version;
}

int run(const std::string& url, const std::string& folder, std::size_t index, std::size_t peers) {
  const auto connection =
      nats::connect({.urls = {url}, .reconnect = {.wait = 20ms, .jitter = 10ms}});
  if (!connection) give_up(connection.error().message);
  const auto bus = nats::open_bus(*connection);
  if (!bus) give_up(bus.error().message);
  const std::string own = "-" + std::to_string(index);
  const auto ns = *Namespace::parse("prod." + actor(index));
  Seen seen(peers);
  const auto subscription = (*bus)->subscribe(
      *NamespacePattern::parse("prod.>"), {}, {.on_gap = [&](const Gap& gap) { seen.tell(gap); }},
      [&](const Namespace&, const EventPtr& event) { seen.take(*event); });
  if (!subscription) give_up(subscription.error().message);

  say(folder + "/ready" + own);
  if (!eventually([&] { return is_said(folder + "/go"); })) give_up("nobody said go");
  say(folder + "/published" + own, {publish_all(**bus, ns, index, folder + "/stop")});
  if (!eventually([&] { return is_said(folder + "/totals"); })) give_up("nobody said how many");
  const Numbers totals = read_numbers(folder + "/totals");
  [[maybe_unused]] const bool all = eventually([&] { return seen.has_all(totals); });
  (*bus)->close();
  if (!eventually([&] { return !subscription->status().active; })) give_up("it does not end");

  const auto counters = subscription->status().counters;
  Numbers report{counters.received, counters.delivered, counters.dropped, counters.gaps,
                 (*bus)->foreign_messages()};
  seen.add_to(report);
  say(folder + "/report" + own, report);
  return 0;
}

}  // namespace
}  // namespace aether::tests

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  return aether::tests::run(argv[1], argv[2], std::stoul(argv[3]), std::stoul(argv[4]));
}
