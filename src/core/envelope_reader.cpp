// SPDX-License-Identifier: Apache-2.0
#include "core/envelope_reader.hpp"

#include "aether/core/names.hpp"
#include "core/base64.hpp"
#include "core/json_text.hpp"
#include "core/text.hpp"

#include <charconv>
#include <memory>

namespace aether {

bool EnvelopeReader::refuse(std::string what) {
  what_ = std::move(what);
  return false;
}

bool EnvelopeReader::expect(char c, std::string_view problem) {
  return scanner_.accept(c) || scanner_.refuse(problem);
}

std::unexpected<Error> EnvelopeReader::error(std::string_view thing) const {
  const std::string_view what = what_.empty() ? scanner_.problem() : std::string_view(what_);
  return fail(Errc::corrupt,
              concat("the ", thing, " is corrupt at byte ", scanner_.offset(), ": ", what));
}

bool EnvelopeReader::read_end() {
  return scanner_.at_end() || scanner_.refuse("something follows its end");
}

bool EnvelopeReader::read_key(std::span<const std::string_view> keys, SeenKeys& seen,
                              std::size_t& key) {
  // Most envelopes are as they were written here: then the key is known before it is read.
  if (seen.next_ < keys.size() && !seen.has(seen.next_) && scanner_.accept(keys[seen.next_])) {
    key = seen.next_;
    seen.add(key);
    return true;
  }
  std::string_view text;
  if (!read_text(text)) return false;
  key = 0;
  while (key < keys.size() && keys[key].substr(1, keys[key].size() - 3) != text) ++key;
  if (key == keys.size() ? !seen.unknown_.emplace(text).second : seen.has(key)) {
    return refuse(concat("the key ", quoted(text), " comes twice"));
  }
  seen.add(key);
  return expect(':', "a ':' is expected after a key");
}

bool EnvelopeReader::pass_over() {
  JsonSlice ignored;
  return scanner_.take_value(kMaxJsonDepth, ignored);
}

// `out` is good until the next text is read.
bool EnvelopeReader::read_text(std::string_view& out) {
  JsonString token;
  if (!scanner_.take_string(token)) return false;
  out = token.raw;
  if (token.has_escapes) {
    unescaped_.clear();
    append_unescaped(unescaped_, token);
    out = unescaped_;
  }
  return true;
}

bool EnvelopeReader::read_name(std::string_view field, std::string& out) {
  std::string_view text;
  if (!read_text(text)) return false;
  if (const Result<void> checked = check_name(field, text); !checked) {
    return refuse(checked.error().message);
  }
  out.assign(text);
  return true;
}

bool EnvelopeReader::read_version(Version& out) {
  JsonSlice value;
  if (!scanner_.take_value(0, value)) return false;
  const char* const end = std::to_address(value.text.end());
  const auto [parsed, failure] = std::from_chars(std::to_address(value.text.begin()), end, out);
  if (failure != std::errc() || parsed != end || out == 0 || out > kMaxVersion) {
    return refuse(concat("the version is not an integer from 1 to ", kMaxVersion));
  }
  return true;
}

bool EnvelopeReader::read_timestamp(Timestamp& out) {
  std::string_view text;
  if (!read_text(text)) return false;
  const Result<Timestamp> parsed = parse_timestamp(text);
  if (!parsed) return refuse(parsed.error().message);
  if (*parsed == kNoTimestamp) return refuse("the timestamp is the one that means \"not given\"");
  out = *parsed;
  return true;
}

bool EnvelopeReader::read_metadata(Metadata& out) {
  if (!expect('{', "the metadata must be an object")) return false;
  if (scanner_.accept('}')) return true;
  for (bool more = true; more; more = scanner_.accept(',')) {
    if (!read_metadata_entry(out)) return false;
  }
  return expect('}', "a ',' or '}' is expected");
}

bool EnvelopeReader::read_metadata_entry(Metadata& out) {
  std::string key;
  std::string_view value;
  if (!read_name("metadata key", key)) return false;
  if (!expect(':', "a ':' is expected after a key") || !read_text(value)) return false;
  if (const Result<void> checked = check_text("metadata value", value); !checked) {
    return refuse(checked.error().message);
  }
  const auto [entry, added] = out.try_emplace(std::move(key), value);
  return added || refuse(concat("the metadata key ", quoted(entry->first), " comes twice"));
}

bool EnvelopeReader::read_data(Data& out) {
  JsonSlice value;
  if (!scanner_.take_value(max_depth_, value)) return false;
  // `Data` vouches for the default depth only: what is deeper is for the store's limits to allow.
  out = value.depth <= kDefaultJsonDepth ? Data::stored_json(value.text) : Data::json(value.text);
  return true;
}

bool EnvelopeReader::read_base64(std::string& out) {
  std::string_view text;
  if (!read_text(text)) return false;
  return decode_base64(out, text, Base64::standard) ||
         refuse("the dataBase64 is not padded base64");
}

bool EnvelopeReader::read_data_field(std::size_t which, Data& data, DataFields& fields) {
  if (which == 0) return read_data(data);
  return which == 1 ? read_name("content type", fields.content_type) : read_base64(fields.bytes);
}

bool EnvelopeReader::finish_data(const SeenKeys& seen, std::size_t first, const DataFields& fields,
                                 Data& out) {
  const bool has_bytes = seen.has(first + 2);
  if (has_bytes != seen.has(first + 1)) {
    return refuse("dataContentType and dataBase64 belong together");
  }
  if (!has_bytes) return true;
  if (seen.has(first)) return refuse("it has both data and dataBase64");
  if (fields.content_type == kJsonContentType) return take_spaced_json(fields.bytes, out);
  out = Data::bytes(fields.bytes, fields.content_type);
  return true;
}

// The one kind of JSON that `data` cannot hold byte for byte.
bool EnvelopeReader::take_spaced_json(std::string_view json, Data& out) {
  if (!has_outer_space(json)) {
    return refuse("JSON without white space around it belongs into data");
  }
  if (const Result<void> checked = check_json(json, max_depth_); !checked) {
    return refuse(checked.error().message);
  }
  out = Data::json(json);
  return true;
}

}  // namespace aether
