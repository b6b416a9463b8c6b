// SPDX-License-Identifier: Apache-2.0
#include "core/data_fields.hpp"

#include "core/base64.hpp"
#include "core/json_scan.hpp"

namespace aether {
namespace {

constexpr std::size_t kFieldBytes = 40;  // the keys, quotes, colons and commas

/// Whether the data can stand in the envelope as it is, and be found again byte for byte.
bool goes_as_it_is(const Data& data) { return data.is_json() && !has_outer_space(data.text()); }

}  // namespace

void append_data_fields(std::string& out, const Data& data) {
  if (goes_as_it_is(data)) {
    out += R"("data":)";
    out += data.text();
    return;
  }
  out += R"("dataContentType":)";
  append_json_string(out, data.content_type());
  out += R"(,"dataBase64":")";
  append_base64(out, data.text(), Base64::standard);
  out += '"';
}

std::size_t data_fields_size(const Data& data) {
  const std::size_t size = kFieldBytes + data.size();
  return goes_as_it_is(data) ? size : size + data.size() / 3 + 4 + data.content_type().size();
}

}  // namespace aether
