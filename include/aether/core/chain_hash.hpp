// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace aether {

/// A SHA-256 value.
using Hash = std::array<std::byte, 32>;

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const Hash& hash);

/// Reads what `to_hex` wrote; anything else is `invalid_argument`.
[[nodiscard]] Result<Hash> parse_hash(std::string_view hex);

}  // namespace aether
