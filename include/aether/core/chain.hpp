// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

namespace aether {

/// The audit chain: the hash of `event`, whose predecessor in its actor has the hash `previous`
/// (all zero before the first event).
///
///     SHA-256( "aether-chain-1" ‖ previous ‖ field(actor id) ‖ version ‖ field(id)
///              ‖ field(event type) ‖ timestamp ‖ field(content type)
///              ‖ count(metadata) ‖ field(key) ‖ field(value) … in the order of the keys' bytes
///              ‖ SHA-256(data) )
///
/// `field(x)` is the length of x in bytes as 4 bytes, then x; `count` is 4 bytes; `version` is 8
/// bytes; `timestamp` is nanoseconds since 1970-01-01T00:00:00Z as 8 bytes, two's complement. All
/// numbers are big-endian. The hash covers stored bytes, never re-encoded JSON, and belongs to the
/// actor alone: it is the same in every store. docs/audit-chain.md has an example byte for byte.
///
/// Needs the version, id and timestamp that the store gave. May be called from any thread.
[[nodiscard]] Hash chain_hash(const Hash& previous, const Event& event);

}  // namespace aether
