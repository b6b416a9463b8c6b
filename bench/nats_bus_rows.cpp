// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/bus.hpp"
#include "aether/nats/connection.hpp"
#include "bare_bus.hpp"
#include "jetstream_server.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace aether::bench {
namespace {

constexpr std::uint64_t kAtOnce = 16'384;  // events between two looks at the clock
constexpr std::uint64_t kFewAtOnce = 20;

/// Two connections, as a publisher and a subscriber in two processes have.
class Pair {
 public:
  static Result<std::unique_ptr<Pair>> make(const std::string& url, bool send_asap) {
    auto pair = std::make_unique<Pair>();
    for (std::unique_ptr<nats::Bus>* bus : {&pair->publisher_, &pair->subscriber_}) {
      auto connection = nats::connect({.urls = {url}, .send_asap = send_asap});
      if (!connection) return std::unexpected(std::move(connection.error()));
      auto opened = nats::open_bus(std::move(*connection));
      if (!opened) return std::unexpected(std::move(opened.error()));
      *bus = std::move(*opened);
    }
    auto subscription = pair->subscriber_->subscribe(
        pair->ns_, {}, {}, [counter = pair.get()](const Namespace&, const EventPtr&) {
          counter->received_.fetch_add(1);
          counter->received_.notify_one();
        });
    if (!subscription) return std::unexpected(std::move(subscription.error()));
    pair->subscription_ = std::move(*subscription);
    return pair;
  }

  /// Publishes them, and waits until all have come.
  Result<void> send(std::uint64_t first, std::uint64_t count) {
    const std::uint64_t wanted = received_ + count;
    for (std::uint64_t n = first; n < first + count; ++n) {
      const auto published =
          publisher_->publish(ns_, order_of_200_bytes(ids_[n % ids_.size()], n + 1, n));
      if (!published) return published;
    }
    for (auto now = received_.load(); now < wanted; now = received_) received_.wait(now);
    return {};
  }

 private:
  const Namespace ns_ = *Namespace::parse("bench");
  const std::vector<std::string> ids_ = actor_ids();
  std::atomic<std::uint64_t> received_{0};
  std::unique_ptr<nats::Bus> publisher_;
  std::unique_ptr<nats::Bus> subscriber_;
  Subscription subscription_;
};

Probe travels(JetStreamServerPtr server, bool send_asap, std::uint64_t at_once) {
  return [=](const Budget& budget) -> Result<Sample> {
    auto pair = Pair::make(server->url(), send_asap);
    if (!pair) return std::unexpected(std::move(pair.error()));
    Result<void> done = (*pair)->send(0, at_once);
    Meter meter(budget);
    for (std::uint64_t n = 0; done && meter.wants_more(); n += at_once) {
      if (at_once == kAtOnce) {
        meter.time(at_once, [&] { done = (*pair)->send(n, at_once); });
        continue;
      }
      meter.time(at_once, [&] {
        for (std::uint64_t i = n; done && i < n + at_once; ++i) done = (*pair)->send(i, 1);
      });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

}  // namespace

std::vector<Row> nats_bus_rows(const Setting& setting) {
  const auto server =
      std::make_shared<JetStreamServer>(tests::ServerVersion::v2_15, setting.folder);
  const auto start = [server] { return server->start(); };
  const auto twin = [server, go = setting.go_nats](const Budget& budget) {
    return go.probe("bus", server->url())(budget);
  };
  const Probe many = travels(server, false, kAtOnce);
  return {
      {.name = "bus-nats/publish",
       .statement = "events made, published and received, by two connections that gather what "
                    "they send; beside nats.go, with JSON",
       .unit = Unit::rate,
       .ours = many,
       .reference_name = "Go",
       .reference = twin,
       .goal = {Goal::Kind::faster, 3.5},
       .start = start},
      {.name = "bus-nats/publish/libnats",
       .statement = "the same beside libnats' natsConnection_Publish, nothing made or decoded",
       .unit = Unit::rate,
       .ours = many,
       .reference_name = "libnats",
       .reference = bare_publishes(server, kAtOnce),
       .start = start},
      {.name = "bus-nats/one",
       .statement = "an event at a time, from publish to the handler; beside "
                    "natsConnection_Publish with send-asap",
       .ours = travels(server, true, kFewAtOnce),
       .reference_name = "libnats",
       .reference = bare_publishes(server, 1),
       .goal = {Goal::Kind::share, 1.2},
       .start = start},
  };
}

}  // namespace aether::bench
