// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aether {

/// The 16 bytes of a UUID, in the order of its text.
using Uuid = std::array<std::uint8_t, 16>;

/// A new UUIDv7 as text (RFC 9562, section 5.7, with method 3 of 6.2: the 12 bits of rand_a are a
/// fraction of the millisecond). Within a process ids never repeat and never go backwards, also
/// when the clock does. Random bits come from the kernel. May be called from any thread.
[[nodiscard]] std::string make_uuid_v7(const Clock& clock = system_clock());

/// The bytes of a UUID of any version in its canonical form (lower case, 8-4-4-4-12); nothing else.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);

/// The canonical form: `parse_uuid(format_uuid(u)) == u`.
[[nodiscard]] std::string format_uuid(const Uuid& uuid);

}  // namespace aether
