// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/names.hpp"
#include "aether/core/subscription.hpp"
#include "aether/store/event_store.hpp"

namespace aether {

/// Publishes into `ns` what is stored after the position `after`, and then each event as it is
/// stored: every one, once, in the order of positions. One broadcast a namespace is enough.
///
/// Its status tells the position up to which all has been published: whoever goes on later starts
/// there, and repeats at most what was published after it last looked. While the bus is
/// `unavailable` it waits and tries again, and its status says so; any other error ends it, with
/// that error. The bus must outlive the subscription. Over NATS, what was published in the moment
/// in which the publisher's connection is lost may be missing; a stream that broadcasts itself
/// (`nats::StreamOptions::broadcast`) has no such moment.
///
/// A subscriber that was away has missed what was published meanwhile, and catches up from the
/// store: docs/bus.md shows how.
///
/// Errors: those of `EventStore::subscribe`.
[[nodiscard]] Result<Subscription> broadcast(EventStore& store, Position after, EventBus& bus,
                                             const Namespace& ns);

}  // namespace aether
