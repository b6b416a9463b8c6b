// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain.hpp"

#include "core/chain_encoding.hpp"
#include "core/sha256.hpp"

namespace aether {

Hash chain_hash(const Hash& previous, const Event& event) {
  // One buffer and two calls of the hash: many small updates would cost more than the hash itself.
  constexpr std::size_t kKeptCapacity = std::size_t{64} * 1024;
  static thread_local std::string bytes;
  bytes.clear();

  bytes += "aether-chain-1";
  put_hash(bytes, previous);
  put_field(bytes, event.actor_id);
  put_u64(bytes, event.version);
  put_field(bytes, event.id);
  put_field(bytes, event.event_type);
  put_u64(bytes, static_cast<std::uint64_t>(event.timestamp.time_since_epoch().count()));
  put_field(bytes, event.data.content_type());
  put_u32(bytes, static_cast<std::uint32_t>(event.metadata.size()));
  for (const auto& [key, value] : event.metadata) {
    put_field(bytes, key);
    put_field(bytes, value);
  }
  put_hash(bytes, sha256(event.data.as_bytes()));
  const Hash hash = sha256(bytes);

  if (bytes.capacity() > kKeptCapacity) bytes = {};
  return hash;
}

}  // namespace aether
