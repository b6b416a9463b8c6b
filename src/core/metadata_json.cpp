// SPDX-License-Identifier: Apache-2.0
#include "core/metadata_json.hpp"

#include "core/envelope_reader.hpp"
#include "core/json_scan.hpp"
#include "core/text.hpp"

namespace aether {

void encode_metadata(const Metadata& metadata, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : metadata) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

std::string encode_metadata(const Metadata& metadata) {
  std::string out;
  encode_metadata(metadata, out);
  return out;
}

Result<Metadata> decode_metadata(std::string_view json) {
  if (!is_valid_utf8(json)) {
    return fail(Errc::corrupt, "the metadata is corrupt: it is not valid UTF-8");
  }
  EnvelopeReader reader(json, 0);
  Metadata metadata;
  if (!reader.read_metadata(metadata) || !reader.read_end()) return reader.error("metadata");
  return metadata;
}

}  // namespace aether
