// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/names.hpp"
#include "aether/core/subscription.hpp"
#include "aether/store/event_store.hpp"

namespace aether {

/// Publishes into `ns` what is stored after the position `after`, and then each event as it is
/// stored: every one, in the order of positions. One broadcast a namespace is enough.
///
/// Its status tells the position up to which all has left this process for good: it publishes up
/// to 256 events at a time, flushes, and moves on after that. Whoever goes on later starts there.
/// While the bus is `unavailable`, or what became of the events is `outcome_unknown`, it waits and
/// tries again, and its status says so; any other error ends it, with that error. The bus must
/// outlive the subscription.
///
/// Within the process each event comes once. Over NATS those that may have been lost with the
/// connection are published again, in order, so some may come twice: a subscriber tells them by
/// their position, which is not larger than that of one that came before. One that comes again
/// only behind those that follow it was told as missing before them. A stream that broadcasts
/// itself (`nats::StreamOptions::broadcast`) repeats none. Stopping it waits while a batch is
/// published, and for the flush 5 s at most.
///
/// A subscriber that was away has missed what was published meanwhile, and catches up from the
/// store: docs/bus.md shows how.
///
/// Errors: those of `EventStore::subscribe`, and `unavailable` when no thread can be had.
[[nodiscard]] Result<Subscription> broadcast(EventStore& store, Position after, EventBus& bus,
                                             const Namespace& ns);

}  // namespace aether
