// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

namespace aether {

/// An event's number within its actor: strictly increasing, first at least 1; 0 means "no event".
using Version = std::uint64_t;

/// An event's place in the whole store's order: opaque, increasing, not dense; 0 is before all.
using Position = std::uint64_t;

/// The highest version that can be stored: the embedded store's integers are signed 64-bit.
inline constexpr Version kMaxVersion = std::numeric_limits<std::int64_t>::max();

}  // namespace aether
