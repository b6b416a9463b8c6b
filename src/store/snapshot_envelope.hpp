// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/snapshot_store.hpp"

#include <string>
#include <string_view>

namespace aether {

/// The JSON form of a snapshot, in the manner of an event's envelope:
///
///     {"actorId":…,"version":…,"schema":…,"timestamp":…,"data":…}
///
/// The snapshot is taken as it is: prepare it first. docs/wire-format.md is the specification.
[[nodiscard]] std::string encode_snapshot(const Snapshot& snapshot);

/// Reads it from bytes that nobody vouches for, as `decode_envelope` does. Errors: `corrupt`.
[[nodiscard]] Result<Snapshot> decode_snapshot(std::string_view json);

}  // namespace aether
