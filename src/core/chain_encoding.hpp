// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aether {

// How the audit chain and the digest write what they hash: numbers big-endian, texts behind their
// length. All append to `out`.

template <class Unsigned>
void put_big_endian(std::string& out, Unsigned value) {
  char bytes[sizeof(Unsigned)];
  for (std::size_t i = sizeof(Unsigned); i-- > 0;) {
    bytes[i] = static_cast<char>(value & 0xFFU);
    value = static_cast<Unsigned>(value >> 8U);
  }
  out.append(bytes, sizeof(Unsigned));
}

inline void put_u32(std::string& out, std::uint32_t value) { put_big_endian(out, value); }
inline void put_u64(std::string& out, std::uint64_t value) { put_big_endian(out, value); }

/// The length of `text` in bytes as 4 bytes, then `text`.
inline void put_field(std::string& out, std::string_view text) {
  put_u32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

inline void put_hash(std::string& out, const Hash& hash) {
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace aether
