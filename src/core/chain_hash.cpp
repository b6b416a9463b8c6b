// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain_hash.hpp"

#include "core/text.hpp"

#include <cstdint>

namespace aether {
namespace {}  // namespace

std::string to_hex(const Hash& hash) {
  std::string out(hash.size() * 2, '\0');
  auto next = out.begin();
  for (const std::byte byte : hash) {
    const auto value = std::to_integer<std::uint8_t>(byte);
    *next++ = kHexDigits[value >> 4U];
    *next++ = kHexDigits[value & 0xFU];
  }
  return out;
}

Result<Hash> parse_hash(std::string_view hex) {
  Hash hash{};
  if (hex.size() != hash.size() * 2) {
    return fail(Errc::invalid_argument,
                concat("the hash ", quoted(hex), " has ", hex.size(),
                       " characters: give 64 lower-case hexadecimal digits"));
  }
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const std::size_t high = kHexDigits.find(hex[2 * i]);
    const std::size_t low = kHexDigits.find(hex[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return fail(Errc::invalid_argument, concat("the hash ", quoted(hex),
                                                 " holds something else than a lower-case "
                                                 "hexadecimal digit: give 64 of them"));
    }
    hash[i] = static_cast<std::byte>(high * 16 + low);
  }
  return hash;
}

}  // namespace aether
