// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/namespace_pattern.hpp"
#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/core/filter.hpp"
#include "aether/core/names.hpp"
#include "nats/bus_numbers.hpp"
#include "nats/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

/// What all subjects of buses begin with.
inline constexpr std::string_view kBusPrefix = "aether.bus.";

/// "aether.bus.<namespace>.<category>.<actor>": as the subject of the actor's events in a stream,
/// but for one token.
[[nodiscard]] std::string bus_subject(const Namespace& ns, std::string_view actor_id);

/// What to subscribe to. It lets through all that is meant, and as little else as can be said in
/// tokens: a category, or an actor, where their places are known, which they are not behind ">".
[[nodiscard]] std::string bus_pattern(const NamespacePattern& pattern, const Filter& filter);

/// Which of a publisher's messages come by that.
[[nodiscard]] BusScope bus_scope(const NamespacePattern& pattern, const Filter& filter);

/// The namespace within a subject; "" where there can be none.
[[nodiscard]] std::string_view name_space_in(std::string_view subject);

/// An event on its way to a bus. Names of headers are constants.
struct OutgoingEvent {
  std::string subject;
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string body;
};
[[nodiscard]] OutgoingEvent encode_bus_message(const Namespace& ns, const StoredEvent& event);

/// A message from a bus: the events of one actor.
struct BusMessage {
  std::vector<EventPtr> events;
  std::uint64_t sequence = 0;  ///< in its stream; 0: no stream has broadcast it
  std::uint64_t previous = 0;  ///< the sequence of the actor's message before it; 0: there is none
};

/// Errors: `corrupt`, with what it is that is no event.
[[nodiscard]] Result<BusMessage> decode_bus_message(const Namespace& ns, const Message& message,
                                                    unsigned max_json_depth);

}  // namespace aether::nats
