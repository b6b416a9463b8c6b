// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/link.hpp"
#include "nats/listeners.hpp"
#include "nats/transport.hpp"

#include <nats/nats.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace aether::nats {

/// Subscriptions that have ended, and that libnats' reader may yet be looking at: libnats 3.4
/// looks up a message's subscription and then uses it without holding it. It counts each message
/// before that look-up. So a subscription is safe to destroy when it has been taken out of the
/// reader's table and a further message has been counted since, or the answer to a flush that began
/// since has been read, or the reader has ended.
class RetiredSubscriptions {
 public:
  /// Takes over a subscription that was unsubscribed.
  void add(natsConnection* connection, natsSubscription* subscription);
  /// To be asked before a flush, and given to `flushed` if the server has answered.
  [[nodiscard]] std::uint64_t mark() const;
  void flushed(std::uint64_t mark);
  /// The connection is closed.
  void finish();

 private:
  struct Retired {
    natsSubscription* subscription;
    std::uint64_t messages_before;
    std::uint64_t number;
  };
  [[nodiscard]] std::vector<Retired> take(const std::function<bool(const Retired&)>& is_safe);
  static void destroy(const std::vector<Retired>& safe);

  mutable std::mutex mutex_;  // guards the rest
  std::uint64_t last_ = 0;    // number
  bool is_finished_ = false;
  std::vector<Retired> retired_;
};

/// Subscribes; the handle unsubscribes. `connection` must outlive this call only.
[[nodiscard]] Result<std::unique_ptr<Handle>> deliver(
    natsConnection* connection, const std::shared_ptr<Link>& link,
    const std::shared_ptr<RetiredSubscriptions>& retired, std::string_view pattern,
    std::string_view queue, Transport::MessageHandler handler);

}  // namespace aether::nats
