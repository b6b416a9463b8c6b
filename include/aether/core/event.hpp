// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"
#include "aether/core/data.hpp"
#include "aether/core/time.hpp"
#include "aether/core/version.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace aether {

/// What is known about an event beside its data: `correlation_id`, `causation_id`, `traceparent`,
/// `user`, … Sorted by key, as the audit chain needs it.
using Metadata = std::map<std::string, std::string, std::less<>>;

/// An immutable fact about an actor, as one writes it.
///
/// All texts are UTF-8 without control characters. A store refuses what breaks that, and says which
/// event and which field.
struct Event {
  /// Up to 255 bytes; a UUIDv7 (RFC 9562) when left empty. That ids are unique is the caller's job:
  /// a store compares an id only with that of the event at the same actor and version, to tell a
  /// repeated append from a conflict, and never looks for it elsewhere.
  std::string id{};
  std::string event_type{};  ///< "OrderPlaced"; 1 to 255 bytes
  std::string actor_id{};    ///< "order-123"; 1 to 255 bytes
  Version version = 0;       ///< 0: the store gives the next one
  Data data{};               ///< JSON kept byte for byte, or any bytes with a content type
  Metadata metadata{};  ///< keys of 1 to 255 bytes; values of any length within the commit limit
  Timestamp timestamp = kNoTimestamp;  ///< the store's clock when not given

  friend bool operator==(const Event&, const Event&) = default;
};

/// An event as a store returns it and a bus delivers it: its place travels with it.
/// Copying it into an `Event` leaves the place behind.
struct StoredEvent : Event {
  Position position = 0;  ///< 0 when it never was in a store
  Hash hash{};  ///< audit chain, up to and including this event; all 0 where there is none

  friend bool operator==(const StoredEvent&, const StoredEvent&) = default;
};

/// Immutable by type, shared, and never copied on a read or a fan-out.
using EventPtr = std::shared_ptr<const StoredEvent>;

}  // namespace aether
