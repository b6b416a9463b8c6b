// SPDX-License-Identifier: Apache-2.0
// Envelopes, commits and metadata out of any bytes: what is read must be whole and must survive
// being written and read again; what is refused must be refused in a printable sentence.
#include "aether/core/envelope.hpp"
#include "core/json_scan.hpp"
#include "core/json_text.hpp"
#include "core/metadata_json.hpp"
#include "core/text.hpp"
#include "fuzz.hpp"

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

void check_error(const Error& error) {
  require(error.code == Errc::corrupt, "what cannot be read is corrupt");
  require(check_name("message", error.message, 4'096).has_value(), "a message is printable");
}

void check_event(const Event& event) {
  require(check_name("id", event.id).has_value(), "the id is a name");
  require(check_name("event type", event.event_type).has_value(), "the event type is a name");
  require(check_name("actor id", event.actor_id).has_value(), "the actor id is a name");
  require(check_name("type", event.data.content_type()).has_value(), "the content type is a name");
  require(event.version >= 1 && event.version <= kMaxVersion, "the version is in range");
  require(event.timestamp != kNoTimestamp, "the timestamp is given");
  require(event.data.is_checked(), "the data is checked");
  for (const auto& [key, value] : event.metadata) {
    require(check_name("key", key).has_value(), "a metadata key is a name");
    require(check_text("value", value).has_value(), "a metadata value is a text");
  }
  if (event.data.is_json()) {
    const std::string_view json = event.data.text();
    require(check_json(json, kDefaultJsonDepth).has_value(), "JSON data is JSON");
  }
}

void try_event(std::string_view text) {
  const Result<Event> event = decode_envelope(text);
  if (!event) return check_error(event.error());
  check_event(*event);
  require(check_json(text, kMaxJsonDepth).has_value(), "an envelope is JSON");
  const std::string written = encode_envelope(*event);
  const Result<Event> again = decode_envelope(written);
  require(again.has_value() && *again == *event, "what is written is read back");
  require(encode_envelope(*again) == written, "it is written in one way");
  const Result<std::vector<Event>> commit = decode_commit(text);
  require(commit.has_value() && *commit == std::vector{*event}, "one event is a commit");
}

void try_commit(std::string_view text) {
  const Result<std::vector<Event>> events = decode_commit(text);
  if (!events) return check_error(events.error());
  require(!events->empty(), "a commit has events");
  for (const Event& event : *events) check_event(event);
  require(decode_commit(encode_commit(*events)) == *events, "what is written is read back");
}

void try_metadata(std::string_view text) {
  const Result<Metadata> metadata = decode_metadata(text);
  if (!metadata) return check_error(metadata.error());
  require(decode_metadata(encode_metadata(*metadata)) == *metadata, "what is written is read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  try_event(text);
  try_commit(text);
  try_metadata(text);
  return 0;
}
