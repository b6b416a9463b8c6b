// SPDX-License-Identifier: Apache-2.0
// Times, UUIDs and hashes: any bytes as text, and any bytes as a value.
#include "aether/core/chain_hash.hpp"
#include "aether/core/time.hpp"
#include "aether/core/uuid.hpp"
#include "fuzz.hpp"

#include <cstring>

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

void try_text(std::string_view text) {
  if (const Result<Timestamp> time = parse_timestamp(text)) {
    const std::string written = format_timestamp(*time);
    require(written.size() == 30 && written.ends_with('Z'), "a time is written in one form");
    require(parse_timestamp(written) == *time, "a time is read back");
  }
  if (const std::optional<Uuid> uuid = parse_uuid(text)) {
    require(format_uuid(*uuid) == text, "a UUID has one form");
  }
  if (const Result<Hash> hash = parse_hash(text)) {
    require(to_hex(*hash) == text, "a hash has one form");
  }
}

void try_value(std::string_view bytes) {
  std::int64_t nanos = 0;
  if (bytes.size() < sizeof(nanos)) return;
  std::memcpy(&nanos, bytes.data(), sizeof(nanos));
  const Timestamp time{std::chrono::nanoseconds(nanos)};
  require(parse_timestamp(format_timestamp(time)) == time, "every time has a text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  try_text(text);
  try_value(text);
  return 0;
}
