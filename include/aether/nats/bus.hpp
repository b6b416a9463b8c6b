// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/log.hpp"
#include "aether/nats/connection.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace aether::nats {

struct BusOptions {
  /// How many events of one subscription wait in memory at most where its policy is
  /// `Overflow::block`: nobody can make a publisher in another process wait. Beyond them it ends,
  /// as with `fail`. At least as many as its capacity.
  std::size_t max_waiting = 100'000;

  /// How many threads there are at most for handlers, with those that stand in for handlers that
  /// block. When as many block at once, others wait.
  std::size_t max_threads = 1'024;

  unsigned max_json_depth = kDefaultJsonDepth;  ///< what is nested deeper is no event

  /// How long `subscribe`, and the first `publish` into a namespace, wait for the server.
  std::chrono::milliseconds timeout{5'000};

  LogSink log{};
};

/// A bus between processes, over NATS. It needs no JetStream.
class Bus : public EventBus {
 public:
  /// How many messages came, to any subscription, that were no events: each was passed over, and
  /// of the first, second, fourth, … one was logged why.
  [[nodiscard]] virtual std::uint64_t foreign_messages() const = 0;
};

/// Opens the bus of all who are connected to the same NATS servers, in the same account.
///
/// An event is published on "aether.bus.<namespace>.<category>.<actor>", with the bytes that a
/// stream keeps of it (docs/wire-format.md), so that what a store broadcasts
/// (`StreamOptions::broadcast`) comes to subscribers, too, with its position and its hash. What one
/// publishes comes back to one's own subscriptions over the server, like anybody's.
///
/// A message comes at most once, and what one bus publishes comes in that order. Gaps are told
/// where one may be missing: `disconnected` when the connection was lost and is there again, after
/// which a look into a store finds all that was missed; `missing`, with how many, when the one
/// whose connection was lost is the publisher's, as soon as it is there again (without a number
/// where nothing of this publisher had come before), and, without a number, when an actor's event
/// that was broadcast by a store has a predecessor that never came; `overflow`, without a count, in
/// the unlikely case that messages came faster than they could be read. Nobody hears of what a
/// publisher had not yet sent when it died: `flush` returns when the server has it.
///
/// `publish` into a namespace waits for the server the first time, to learn whether it may; what is
/// refused later makes the next `publish` into that namespace, or `flush`, `permission_denied`. It
/// is `too_large` beyond the server's `max_payload`, `unavailable` while the connection is lost,
/// and `outcome_unknown` if the server does not answer that first time. `subscribe` returns when
/// the server has the subscription, and is `permission_denied` where the server refuses it: for the
/// pattern with all its tokens, "aether.bus.prod.*.*.>" for "prod.>". None of these may be called
/// by a `ConnectOptions::log`.
///
/// When the connection is closed for good, subscriptions end with `closed`.
[[nodiscard]] Result<std::unique_ptr<Bus>> open_bus(std::shared_ptr<Connection> connection,
                                                    const BusOptions& options = {});

}  // namespace aether::nats
