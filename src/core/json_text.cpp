// SPDX-License-Identifier: Apache-2.0
#include "core/json_text.hpp"

#include "core/json_scan.hpp"
#include "core/text.hpp"

namespace aether {
namespace {

bool take_document(JsonScanner& scanner, unsigned max_depth) {
  if (scanner.at_end()) return scanner.refuse("it is empty");
  JsonSlice value;
  if (!scanner.take_value(max_depth, value)) return false;
  return scanner.at_end() || scanner.refuse("something follows the value");
}

}  // namespace

Result<void> check_json(std::string_view text, unsigned max_depth) {
  if (!is_valid_utf8(text)) {
    return fail(Errc::invalid_argument, "the JSON text is not valid UTF-8");
  }
  JsonScanner scanner(text);
  if (take_document(scanner, max_depth)) return {};
  return fail(Errc::invalid_argument, concat("the JSON text is malformed at byte ",
                                             scanner.offset(), ": ", scanner.problem()));
}

}  // namespace aether
