// SPDX-License-Identifier: Apache-2.0
#include "store/snapshot_envelope.hpp"

#include "core/data_fields.hpp"
#include "core/envelope_reader.hpp"
#include "core/json_scan.hpp"
#include "core/text.hpp"
#include "core/time_text.hpp"

#include <array>

namespace aether {
namespace {

// In the order in which they are written.
constexpr std::array<std::string_view, 7> kKeys = {
    R"("actorId":)", R"("version":)",         R"("schema":)",    R"("timestamp":)",
    R"("data":)",    R"("dataContentType":)", R"("dataBase64":)"};
enum Key : std::size_t { kActorId, kVersion, kSchema, kTimestamp, kData };

constexpr std::size_t kFixedBytes = 128;  // but for the data, with a version and a timestamp

bool read_snapshot(EnvelopeReader& reader, Snapshot& snapshot) {
  EnvelopeReader::SeenKeys seen;
  EnvelopeReader::DataFields data;
  const bool ok = reader.read_object(kKeys, seen, [&](std::size_t key) {
    switch (key) {
      case kActorId:
        return reader.read_name("actor id", snapshot.actor_id);
      case kVersion:
        return reader.read_version(snapshot.version);
      case kSchema:
        return reader.read_name("schema", snapshot.schema);
      case kTimestamp:
        return reader.read_timestamp(snapshot.timestamp);
      default:
        return reader.read_data_field(key - kData, snapshot.data, data);
    }
  });
  if (!ok) return false;
  if (!seen.has(kActorId)) return reader.refuse("the actorId is missing");
  if (!seen.has(kVersion)) return reader.refuse("the version is missing");
  if (!seen.has(kSchema)) return reader.refuse("the schema is missing");
  if (!seen.has(kTimestamp)) return reader.refuse("the timestamp is missing");
  return reader.finish_data(seen, kData, data, snapshot.data);
}

}  // namespace

std::string encode_snapshot(const Snapshot& snapshot) {
  std::string out;
  out.reserve(kFixedBytes + snapshot.actor_id.size() + snapshot.schema.size() +
              data_fields_size(snapshot.data));
  out += R"({"actorId":)";
  append_json_string(out, snapshot.actor_id);
  out += concat(R"(,"version":)", snapshot.version, R"(,"schema":)");
  append_json_string(out, snapshot.schema);
  out += R"(,"timestamp":")";
  const TimestampText time = timestamp_text(snapshot.timestamp);
  out.append(time.data(), time.size());
  out += R"(",)";
  append_data_fields(out, snapshot.data);
  out += '}';
  return out;
}

Result<Snapshot> decode_snapshot(std::string_view json) {
  if (!is_valid_utf8(json)) {
    return fail(Errc::corrupt, "the snapshot is corrupt: it is not valid UTF-8");
  }
  EnvelopeReader reader(json, kDefaultJsonDepth);
  Result<Snapshot> snapshot(std::in_place);
  if (!read_snapshot(reader, *snapshot) || !reader.read_end()) return reader.error("snapshot");
  return snapshot;
}

}  // namespace aether
