// SPDX-License-Identifier: Apache-2.0
// Namespaces out of any bytes: one that exists is literal.
#include "aether/core/names.hpp"
#include "core/text.hpp"
#include "fuzz.hpp"

#include <algorithm>

namespace {

using aether::Namespace;
using aether::fuzz::require;

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = aether::fuzz::text_of(data, size);
  const aether::Result<Namespace> parsed = Namespace::parse(text);
  if (!parsed) {
    require(aether::check_name("message", parsed.error().message, 4'096).has_value(),
            "a message is printable");
    return 0;
  }
  require(parsed->text() == text, "a namespace is kept as it is");
  require(std::ranges::all_of(text, is_allowed), "a namespace is literal");
  require(!text.empty() && text.front() != '.' && text.back() != '.', "no token is empty");
  require(!text.contains(".."), "no token is empty");
  require(std::ranges::count(text, '.') < 8, "there are at most eight tokens");
  require(text.size() <= 8 * 64 + 7, "tokens are short");
  return 0;
}
