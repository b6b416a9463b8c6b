// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/namespace_pattern.hpp"
#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/core/filter.hpp"
#include "aether/core/names.hpp"
#include "aether/core/subscription.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace aether {

/// What happens to an event for which a subscription's queue has no room.
enum class Overflow {
  block,        ///< the publisher waits for room while the handler gets on; if it returns from no
                ///< event for as long as the bus allows, as `fail`
  drop_oldest,  ///< the oldest event of the queue goes, is counted, and a gap is told
  fail,  ///< the subscription ends with `unavailable`, once it has delivered what is queued: its
         ///< owner catches up from the store
};

/// Told to a subscription that may have missed events, before the event that follows.
struct Gap {
  enum class Cause {
    overflow,      ///< `count` events were dropped, for want of room in the queue
    disconnected,  ///< the bus was out of reach for a while; what was missed, nobody knows
    missing,       ///< events were published that never came and will not come
  };
  Cause cause = Cause::overflow;
  std::uint64_t count = 0;        ///< how many are missing; 0: not known
  std::optional<Namespace> ns{};  ///< where it is known to be of one namespace
  std::string actor_id{};         ///< where it is known to be of one actor

  friend bool operator==(const Gap&, const Gap&) = default;
};

struct SubscribeOptions {
  /// How many events wait at most for the handler; at least 1.
  std::size_t capacity = 1'024;
  Overflow overflow = Overflow::block;
  /// Called as the handler is, never at the same time as it. What it throws ends the subscription.
  std::move_only_function<void(const Gap&)> on_gap{};
};

/// Called with each event, one at a time, in order. What it throws ends its own subscription, with
/// the exception's text as the error.
using BusHandler = std::move_only_function<void(const Namespace& ns, const EventPtr& event)>;

/// Carries events to whoever subscribes now; keeps nothing. Who was away catches up from a store.
///
/// All members may be called from any thread at any time, also from handlers.
class EventBus {
 public:
  virtual ~EventBus() = default;

  /// Hands the event to each subscription of this namespace whose filter lets it through: those
  /// that `subscribe` returned before. One publisher's events come to each in the order in which
  /// they were published.
  ///
  /// The event is as a store returned it, or made by the caller, and is not checked: only a null
  /// event, or one at version 0, is `invalid_argument`. Waits where a subscription's queue is full
  /// and its policy is `block`; but a handler that publishes into its own full queue does not wait
  /// for itself: there that event is dropped, and counted.
  ///
  /// Other errors: `closed` (when it is closed meanwhile, some may have got the event); and, where
  /// other processes listen, `too_large`, `permission_denied`, `unavailable`.
  [[nodiscard]] Result<void> publish(const Namespace& ns, EventPtr event);

  /// The same for an event that is in no store: checked as a store does, and given an id and a
  /// timestamp where it has none. Its version must be given.
  [[nodiscard]] Result<void> publish(const Namespace& ns, Event event);

  /// Delivers each event that is published from now on into a namespace of the pattern and that
  /// the filter lets through. What the handler has not yet seen waits in a queue of this
  /// subscription alone, so that a slow handler delays nobody else, but for publishers under
  /// `Overflow::block`.
  ///
  /// Its counters add up: what was received was delivered, dropped, or waits still. When it ends,
  /// what waits is dropped; except on `close` and by `Overflow::fail`, when it is delivered first.
  ///
  /// Errors: `invalid_argument` (no handler, no capacity), `closed`; and, where a server is asked,
  /// `permission_denied`, `unavailable`.
  [[nodiscard]] Result<Subscription> subscribe(NamespacePattern pattern, Filter filter,
                                               SubscribeOptions options, BusHandler handler);

  /// Returns once all that was published before has left this process for good: another process
  /// whose subscription was there will get it. On a bus within the process that is at once.
  /// Errors: `closed`; `outcome_unknown` after `timeout`; `permission_denied`; `unavailable`, also
  /// once after a connection was lost together with what had been published and not yet flushed:
  /// that may be gone.
  [[nodiscard]] virtual Result<void> flush(std::chrono::milliseconds timeout) = 0;

  /// From now on nothing can be published or subscribed to. What is queued is delivered still, then
  /// the subscriptions end with `closed`; that is not waited for. Idempotent; the destructor does
  /// it.
  virtual void close() = 0;

 protected:
  /// What a bus implements. The event is not null and has a version.
  virtual Result<void> do_publish(const Namespace& ns, EventPtr event) = 0;
  /// There is a handler, and a capacity.
  virtual Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                            SubscribeOptions options, BusHandler handler) = 0;
};

}  // namespace aether
