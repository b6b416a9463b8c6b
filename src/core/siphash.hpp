// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace aether {

using SipKey = std::array<std::uint8_t, 16>;

/// SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits: without the key nobody can choose texts
/// that fall together.
[[nodiscard]] std::uint64_t siphash_2_4(const SipKey& key, std::string_view text);

}  // namespace aether
