// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"

#include "core/base64.hpp"
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

/// Whether the data can stand in the envelope as it is, and be found again byte for byte.
bool is_plain(const Data& data) { return data.is_json() && !has_outer_space(data.text()); }

// All fixed text of an envelope, with room for a version and a timestamp.
constexpr std::size_t kFixedBytes = 192;
constexpr std::size_t kFixedBytesPerMetadata = 6;

std::size_t estimated_size(const Event& event) {
  std::size_t size = kFixedBytes + event.id.size() + event.event_type.size() +
                     event.actor_id.size() + event.data.size();
  if (!is_plain(event.data)) size += event.data.size() / 3 + 4 + event.data.content_type().size();
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
  if (is_plain(event.data)) {
    out += R"(,"data":)";
    out += event.data.text();
  } else {
    out += R"(,"dataContentType":)";
    append_json_string(out, event.data.content_type());
    out += R"(,"dataBase64":")";
    append_base64(out, event.data.text(), Base64::standard);
    out += '"';
  }
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
  if (!reader.read_event(*event) || !reader.read_end()) return reader.error("envelope");
  return event;
}

Result<std::vector<Event>> decode_commit(std::string_view json, unsigned max_depth) {
  if (!is_valid_utf8(json)) return not_utf8();
  EnvelopeReader reader(json, max_depth);
  Result<std::vector<Event>> events(std::in_place);
  if (!reader.read_commit(*events) || !reader.read_end()) return reader.error("envelope");
  return events;
}

}  // namespace aether
