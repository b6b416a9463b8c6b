// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aether {

/// The JSON form of an event, on the wire and in the command-line program:
///
///     {"id":…,"eventType":…,"actorId":…,"version":…,"timestamp":…,"metadata":{…},"data":…}
///
/// Keys in this order; `metadata` is left out when empty; data that is not JSON becomes
/// `"dataContentType":…,"dataBase64":…` (RFC 4648, padded), and so does JSON with white space
/// before or behind it, which a reader would lose. Other JSON data is copied byte for byte. No
/// other character is escaped than RFC 8259 demands. docs/wire-format.md is the specification.
///
/// The event is taken as it is: check it first where it comes from outside.
[[nodiscard]] std::string encode_envelope(const Event& event);

/// Appends to `out` instead.
void encode_envelope(const Event& event, std::string& out);

/// A commit: one event is an object, several are an array of objects.
[[nodiscard]] std::string encode_commit(std::span<const Event> events);

/// Reads an envelope from bytes that nobody vouches for. Keys may come in any order; unknown keys
/// are ignored; a missing `data` is `null`. Everything else is `corrupt`, and the message says
/// what: a key twice, a missing or mistyped field, bad UTF-8, malformed JSON (also within `data`),
/// nesting deeper than `max_depth` within `data`.
[[nodiscard]] Result<Event> decode_envelope(std::string_view json,
                                            unsigned max_depth = kDefaultJsonDepth);

/// Reads what `encode_commit` wrote. An empty array is `corrupt`.
[[nodiscard]] Result<std::vector<Event>> decode_commit(std::string_view json,
                                                       unsigned max_depth = kDefaultJsonDepth);

}  // namespace aether
