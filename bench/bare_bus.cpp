// SPDX-License-Identifier: Apache-2.0
#include "bare_bus.hpp"

#include "bare_jetstream.hpp"
#include "libnats.hpp"

#include <atomic>
#include <string>

namespace aether::bench {
namespace {

constexpr std::uint64_t kFewAtOnce = 20;
constexpr const char* kSubject = "aether.bus.bare.order.order-1";

using Counter = std::atomic<std::uint64_t>;

void count(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsMsg* message,
           void* counter) {
  natsMsg_Destroy(message);
  static_cast<Counter*>(counter)->fetch_add(1);
  static_cast<Counter*>(counter)->notify_one();
}

natsStatus send(natsConnection* connection, const std::string& body, std::uint64_t messages,
                Counter& received) {
  const std::uint64_t wanted = received + messages;
  natsStatus status = NATS_OK;
  for (std::uint64_t i = 0; status == NATS_OK && i < messages; ++i) {
    status =
        natsConnection_Publish(connection, kSubject, body.data(), static_cast<int>(body.size()));
  }
  if (status != NATS_OK) return status;
  for (auto now = received.load(); now < wanted; now = received) received.wait(now);
  return status;
}

}  // namespace

Probe bare_publishes(JetStreamServerPtr server, std::uint64_t at_once) {
  return [=](const Budget& budget) -> Result<Sample> {
    const bool send_asap = at_once == 1;
    const auto publisher = libnats_connect(server->url(), send_asap);
    const auto subscriber = libnats_connect(server->url(), send_asap);
    if (!publisher) return std::unexpected(publisher.error());
    if (!subscriber) return std::unexpected(subscriber.error());
    Counter received{0};
    natsSubscription* made = nullptr;
    natsStatus status =
        natsConnection_Subscribe(&made, subscriber->get(), kSubject, count, &received);
    const LibnatsSubscription subscription(made);
    if (status == NATS_OK) natsSubscription_SetPendingLimits(made, -1, -1);
    if (status == NATS_OK) status = natsConnection_Flush(subscriber->get());
    const std::string body = envelope_of_200_bytes();
    Meter meter(budget);
    while (status == NATS_OK && meter.wants_more()) {
      const std::uint64_t rounds = send_asap ? kFewAtOnce : 1;
      meter.time(rounds * at_once, [&] {
        for (std::uint64_t i = 0; status == NATS_OK && i < rounds; ++i) {
          status = send(publisher->get(), body, at_once, received);
        }
      });
    }
    if (status != NATS_OK) return libnats_error("publishing", status);
    return meter.sample();
  };
}

}  // namespace aether::bench
