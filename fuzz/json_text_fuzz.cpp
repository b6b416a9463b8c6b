// SPDX-License-Identifier: Apache-2.0
// Our JSON check against another one: they must agree on every text, but for the numbers that
// simdjson's DOM has no type for, and for the depth at which each gives up.
#include "aether/core/data.hpp"
#include "core/json_scan.hpp"
#include "core/json_text.hpp"
#include "fuzz.hpp"

#include <simdjson.h>

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

simdjson::error_code other_opinion(std::string_view text) {
  static simdjson::dom::parser parser;
  if (text.empty()) return simdjson::EMPTY;
  if (const auto error = parser.allocate(text.size(), kMaxJsonDepth)) return error;
  return parser.parse(simdjson::padded_string(text)).error();
}

void compare(std::string_view text) {
  const bool ours = check_json(text, kMaxJsonDepth).has_value();
  const simdjson::error_code other = other_opinion(text);
  if (other == simdjson::SUCCESS) require(ours, "what simdjson accepts is accepted");
  if (ours) {
    require(other == simdjson::SUCCESS || other == simdjson::NUMBER_ERROR ||
                other == simdjson::DEPTH_ERROR,
            "what simdjson refuses, but for numbers and depth, is refused");
  }
}

void check_data(std::string_view text) {
  const bool valid = check_json(text, kDefaultJsonDepth).has_value();
  const Data data = Data::json(text);
  require(data.text() == text && data.is_json(), "JSON is kept byte for byte");
  require(data.is_checked() == valid, "Data knows whether it is checked");
  require(Data::bytes(text, kJsonContentType) == data, "bytes under JSON's type are JSON");
  if (valid) require(check_json(text, kDefaultJsonDepth + 1).has_value(), "more depth allows more");
}

void check_string(std::string_view text) {
  std::string written;
  append_json_string(written, text);
  JsonScanner scanner(written);
  JsonString token;
  require(scanner.take_string(token) && scanner.at_end(), "what is written is a JSON string");
  std::string read;
  append_unescaped(read, token);
  require(read == text, "a string is read back as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  compare(text);
  check_data(text);
  check_string(text);
  return 0;
}
