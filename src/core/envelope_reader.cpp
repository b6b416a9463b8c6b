// SPDX-License-Identifier: Apache-2.0
#include "core/envelope_reader.hpp"

#include "aether/core/names.hpp"
#include "core/base64.hpp"
#include "core/json_text.hpp"
#include "core/text.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <set>

namespace aether {

namespace {

// In the order in which they are written, and that of `Field`.
constexpr std::array<std::string_view, 9> kKeys = {
    R"("id":)",      R"("eventType":)",       R"("actorId":)",
    R"("version":)", R"("timestamp":)",       R"("metadata":)",
    R"("data":)",    R"("dataContentType":)", R"("dataBase64":)"};

}  // namespace

enum class EnvelopeReader::Field : unsigned {
  id,
  event_type,
  actor_id,
  version,
  timestamp,
  metadata,
  data,
  content_type,
  base64,
  unknown
};

// What one object has shown so far.
struct EnvelopeReader::Seen {
  unsigned fields = 0;  // a bit for each Field
  unsigned next = 0;    // the Field that comes next if all come in order
  std::set<std::string, std::less<>> unknown;
  std::string content_type;
  std::string bytes;

  [[nodiscard]] bool has(Field field) const {
    return ((fields >> static_cast<unsigned>(field)) & 1U) != 0;
  }
  void add(Field field) {
    fields |= 1U << static_cast<unsigned>(field);
    next = static_cast<unsigned>(field) + 1;
  }
};

EnvelopeReader::Field EnvelopeReader::field_of(std::string_view key) {
  for (unsigned i = 0; i < kKeys.size(); ++i) {
    if (kKeys[i].substr(1, kKeys[i].size() - 3) == key) return static_cast<Field>(i);
  }
  return Field::unknown;
}

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

bool EnvelopeReader::read_commit(std::vector<Event>& events) {
  if (!scanner_.accept('[')) return read_event(events.emplace_back());
  for (bool more = true; more; more = scanner_.accept(',')) {
    if (!read_event(events.emplace_back())) return false;
  }
  return expect(']', "a ',' or ']' is expected");
}

bool EnvelopeReader::read_end() {
  return scanner_.at_end() || scanner_.refuse("something follows its end");
}

bool EnvelopeReader::read_event(Event& event) {
  Seen seen;
  if (!expect('{', "an object is expected")) return false;
  if (!scanner_.accept('}')) {
    for (bool more = true; more; more = scanner_.accept(',')) {
      if (!read_member(event, seen)) return false;
    }
    if (!expect('}', "a ',' or '}' is expected")) return false;
  }
  return finish(event, seen);
}

bool EnvelopeReader::read_member(Event& event, Seen& seen) {
  Field field = Field::unknown;
  return read_key(seen, field) && read_field(field, event, seen);
}

bool EnvelopeReader::read_key(Seen& seen, Field& field) {
  // Most envelopes are as `encode_envelope` writes them: then the key is known before it is read.
  if (seen.next < kKeys.size() && !seen.has(static_cast<Field>(seen.next)) &&
      scanner_.accept(kKeys[seen.next])) {
    field = static_cast<Field>(seen.next);
    seen.add(field);
    return true;
  }
  std::string_view key;
  if (!read_text(key)) return false;
  field = field_of(key);
  if (field == Field::unknown ? !seen.unknown.emplace(key).second : seen.has(field)) {
    return refuse(concat("the key ", quoted(key), " comes twice"));
  }
  seen.add(field);
  return expect(':', "a ':' is expected after a key");
}

bool EnvelopeReader::read_field(Field field, Event& event, Seen& seen) {
  switch (field) {
    case Field::id:
      return read_name("id", event.id);
    case Field::event_type:
      return read_name("event type", event.event_type);
    case Field::actor_id:
      return read_name("actor id", event.actor_id);
    case Field::version:
      return read_version(event.version);
    case Field::timestamp:
      return read_timestamp(event.timestamp);
    case Field::metadata:
      return read_metadata(event.metadata);
    case Field::data:
      return read_data(event.data);
    case Field::content_type:
      return read_name("content type", seen.content_type);
    case Field::base64:
      return read_base64(seen.bytes);
    case Field::unknown:
      break;
  }
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

bool EnvelopeReader::finish(Event& event, const Seen& seen) {
  if (!seen.has(Field::id)) return refuse("the id is missing");
  if (!seen.has(Field::event_type)) return refuse("the eventType is missing");
  if (!seen.has(Field::actor_id)) return refuse("the actorId is missing");
  if (!seen.has(Field::version)) return refuse("the version is missing");
  if (!seen.has(Field::timestamp)) return refuse("the timestamp is missing");
  const bool has_bytes = seen.has(Field::base64);
  if (has_bytes != seen.has(Field::content_type)) {
    return refuse("dataContentType and dataBase64 belong together");
  }
  if (!has_bytes) return true;
  if (seen.has(Field::data)) return refuse("it has both data and dataBase64");
  if (seen.content_type == kJsonContentType) return take_spaced_json(seen.bytes, event.data);
  event.data = Data::bytes(seen.bytes, seen.content_type);
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
