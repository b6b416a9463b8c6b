// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"

#include "core/data_fields.hpp"
#include "core/envelope_reader.hpp"
#include "core/json_scan.hpp"
#include "core/metadata_json.hpp"
#include "core/text.hpp"
#include "core/time_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace aether {
namespace {

// In the order in which they are written.
constexpr std::array<std::string_view, 9> kKeys = {
    R"("id":)",      R"("eventType":)",       R"("actorId":)",
    R"("version":)", R"("timestamp":)",       R"("metadata":)",
    R"("data":)",    R"("dataContentType":)", R"("dataBase64":)"};
enum Key : std::size_t { kId, kEventType, kActorId, kVersion, kTimestamp, kMetadata, kData };

// All fixed text of an envelope but its data, with room for a version and a timestamp.
constexpr std::size_t kFixedBytes = 152;
constexpr std::size_t kFixedBytesPerMetadata = 6;

std::size_t estimated_size(const Event& event) {
  std::size_t size = kFixedBytes + event.id.size() + event.event_type.size() +
                     event.actor_id.size() + data_fields_size(event.data);
  for (const auto& [key, value] : event.metadata) {
    size += key.size() + value.size() + kFixedBytesPerMetadata;
  }
  return size;
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits{};
  auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

std::unexpected<Error> not_utf8() {
  return fail(Errc::corrupt, "the envelope is corrupt: it is not valid UTF-8");
}

bool read_event(EnvelopeReader& reader, Event& event) {
  EnvelopeReader::SeenKeys seen;
  EnvelopeReader::DataFields data;
  const bool ok = reader.read_object(kKeys, seen, [&](std::size_t key) {
    switch (key) {
      case kId:
        return reader.read_name("id", event.id);
      case kEventType:
        return reader.read_name("event type", event.event_type);
      case kActorId:
        return reader.read_name("actor id", event.actor_id);
      case kVersion:
        return reader.read_version(event.version);
      case kTimestamp:
        return reader.read_timestamp(event.timestamp);
      case kMetadata:
        return reader.read_metadata(event.metadata);
      default:
        return reader.read_data_field(key - kData, event.data, data);
    }
  });
  if (!ok) return false;
  if (!seen.has(kId)) return reader.refuse("the id is missing");
  if (!seen.has(kEventType)) return reader.refuse("the eventType is missing");
  if (!seen.has(kActorId)) return reader.refuse("the actorId is missing");
  if (!seen.has(kVersion)) return reader.refuse("the version is missing");
  if (!seen.has(kTimestamp)) return reader.refuse("the timestamp is missing");
  return reader.finish_data(seen, kData, data, event.data);
}

/// One object, or an array of at least one.
bool read_commit(EnvelopeReader& reader, std::vector<Event>& events) {
  if (!reader.accept('[')) return read_event(reader, events.emplace_back());
  for (bool more = true; more; more = reader.accept(',')) {
    if (!read_event(reader, events.emplace_back())) return false;
  }
  return reader.expect(']', "a ',' or ']' is expected");
}

}  // namespace

void encode_envelope(const Event& event, std::string& out) {
  out.reserve(out.size() + estimated_size(event));
  out += R"({"id":)";
  append_json_string(out, event.id);
  out += R"(,"eventType":)";
  append_json_string(out, event.event_type);
  out += R"(,"actorId":)";
  append_json_string(out, event.actor_id);
  out += R"(,"version":)";
  append_number(out, event.version);
  out += R"(,"timestamp":")";
  const TimestampText time = timestamp_text(event.timestamp);
  out.append(time.data(), time.size());
  out += '"';
  if (!event.metadata.empty()) {
    out += R"(,"metadata":)";
    encode_metadata(event.metadata, out);
  }
  out += ',';
  append_data_fields(out, event.data);
  out += '}';
}

std::string encode_envelope(const Event& event) {
  std::string out;
  encode_envelope(event, out);
  return out;
}

std::string encode_commit(std::span<const Event> events) {
  if (events.size() == 1) return encode_envelope(events.front());
  std::size_t size = 2;
  for (const Event& event : events) size += estimated_size(event);
  std::string out;
  out.reserve(size);
  out += '[';
  for (const Event& event : events) {
    if (out.size() > 1) out += ',';
    encode_envelope(event, out);
  }
  out += ']';
  return out;
}

Result<Event> decode_envelope(std::string_view json, unsigned max_depth) {
  if (!is_valid_utf8(json)) return not_utf8();
  EnvelopeReader reader(json, max_depth);
  Result<Event> event(std::in_place);
  if (!read_event(reader, *event) || !reader.read_end()) return reader.error("envelope");
  return event;
}

Result<std::vector<Event>> decode_commit(std::string_view json, unsigned max_depth) {
  if (!is_valid_utf8(json)) return not_utf8();
  EnvelopeReader reader(json, max_depth);
  Result<std::vector<Event>> events(std::in_place);
  if (!read_commit(reader, *events) || !reader.read_end()) return reader.error("envelope");
  return events;
}

}  // namespace aether
