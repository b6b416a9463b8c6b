// SPDX-License-Identifier: Apache-2.0
// Digests out of any bytes, as a user pastes them.
#include "aether/store/audit.hpp"
#include "core/text.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using aether::fuzz::require;
  const std::string_view text = aether::fuzz::text_of(data, size);
  const aether::Result<aether::Digest> digest = aether::parse_digest(text);
  if (digest) {
    require(aether::format_digest(*digest) == text, "a digest has one form");
  } else {
    require(aether::check_name("message", digest.error().message, 4'096).has_value(),
            "a message is printable");
  }
  return 0;
}
