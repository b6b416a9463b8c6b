// SPDX-License-Identifier: Apache-2.0
#include "nats/api_json.hpp"

#include "core/base64.hpp"
#include "core/text.hpp"
#include "nats/json_fields.hpp"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>

namespace aether::nats {

namespace {

using Object = simdjson::dom::object;
using Element = simdjson::dom::element;
using json::field;
using json::text_field;
using json::time_field;

std::unexpected<ApiError> malformed(std::string_view json) {
  return std::unexpected(ApiError{
      .error = {.code = Errc::corrupt,
                .message = concat("JetStream's reply is not as it should be: ", quoted(json))}});
}

Errc meaning_of(ApiCode code, std::int64_t status) {
  switch (code) {
    case ApiCode::stream_not_found:
    case ApiCode::message_not_found:
      return Errc::not_found;
    case ApiCode::account_without_jetstream:
    case ApiCode::jetstream_not_enabled:
    case ApiCode::batch_not_enabled:
      return Errc::unsupported;
    case ApiCode::wrong_last_sequence:
    case ApiCode::sequence_in_flight:
      return Errc::version_conflict;
    case ApiCode::message_too_large:
    case ApiCode::headers_too_large:
    case ApiCode::batch_too_large:
      return Errc::too_large;
    case ApiCode::batch_incomplete:   // a former leader has its beginning
    case ApiCode::no_suitable_peers:  // others may be there in a moment
    case ApiCode::account_has_no_room:
      return Errc::unavailable;
    case ApiCode::replicas_without_cluster:
    case ApiCode::wrong_stream:
    case ApiCode::stream_name_in_use:
    case ApiCode::subjects_overlap:
      return Errc::invalid_argument;
    default:
      // 400 is said of a request that cannot succeed as it is; the rest may pass.
      return status == 400 ? Errc::invalid_argument : Errc::unavailable;
  }
}

std::string_view advice_of(ApiCode code) {
  switch (code) {
    case ApiCode::store_failed:
      return ": if the stream is full, raise its limits";
    case ApiCode::account_has_no_room:
      return ": raise what the account may store";
    case ApiCode::server_has_no_room:
    case ApiCode::no_room_in_memory:
    case ApiCode::no_room_in_files:
      return ": the server has no room for more; raise its max_file_store (or max_memory_store)";
    case ApiCode::too_many_consumers:
      return ": a store's stream may have 100,000 consumers; let the account have as many";
    case ApiCode::too_many_streams:
      return ": let the account have more, one for each namespace's events and one for its "
             "snapshots";
    case ApiCode::no_suitable_peers:
      return ": are there as many servers with JetStream as replicas are asked for, and have they "
             "room?";
    case ApiCode::replicas_without_cluster:
      return ": ask for one replica, or make the servers a cluster";
    default:
      return "";
  }
}

/// "" where there is none; nothing where it is not base64.
std::optional<std::string> bytes_field(const Object& object, std::string_view name) {
  std::string bytes;
  const auto text = field<std::string_view>(object, name).value_or("");
  if (!decode_base64(bytes, text, Base64::standard)) return std::nullopt;
  return bytes;
}

/// The reply as an object, or the error that it tells of. `use` is called with the object.
template <class T, class Use>
ApiResult<T> parse(std::string_view json, const Use& use) {
  thread_local simdjson::dom::parser parser;
  Object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) {
    return malformed(json);
  }
  if (const auto error = field<Object>(object, "error")) {
    const auto code = static_cast<ApiCode>(field<std::int64_t>(*error, "err_code").value_or(0));
    const std::int64_t status = field<std::int64_t>(*error, "code").value_or(0);
    return std::unexpected(ApiError{
        .code = code,
        .error = {.code = meaning_of(code, status),
                  .message = concat("JetStream refuses: ",
                                    field<std::string_view>(*error, "description").value_or(""),
                                    " (", static_cast<int>(code), ")", advice_of(code))}});
  }
  return use(object);
}

StreamConfig config_from(const Object& object) {
  const auto flag = [&](std::string_view name) {
    return field<bool>(object, name).value_or(false);
  };
  const auto number = [&](std::string_view name, std::int64_t otherwise) {
    return field<std::int64_t>(object, name).value_or(otherwise);
  };
  StreamConfig config{.name = text_field(object, "name", ""),
                      .subjects = {},
                      .retention = text_field(object, "retention", "limits"),
                      .storage = text_field(object, "storage", "file"),
                      .discard = text_field(object, "discard", "old"),
                      .compression = text_field(object, "compression", "none"),
                      .max_age_ns = number("max_age", 0),
                      .max_bytes = number("max_bytes", -1),
                      .max_messages = number("max_msgs", -1),
                      .max_messages_per_subject = number("max_msgs_per_subject", -1),
                      .max_message_bytes = number("max_msg_size", -1),
                      .max_consumers = number("max_consumers", -1),
                      .first_sequence = number("first_seq", 0),
                      .duplicate_window_ns = number("duplicate_window", 0),
                      .replicas = static_cast<unsigned>(number("num_replicas", 1)),
                      .persist_mode = text_field(object, "persist_mode", ""),
                      .deny_delete = flag("deny_delete"),
                      .deny_purge = flag("deny_purge"),
                      .allow_direct = flag("allow_direct"),
                      .allow_atomic = flag("allow_atomic"),
                      .allow_rollup = flag("allow_rollup_hdrs"),
                      .allow_message_ttl = flag("allow_msg_ttl"),
                      .no_ack = flag("no_ack"),
                      .sealed = flag("sealed"),
                      .is_mirror = field<Object>(object, "mirror").has_value(),
                      .transforms_subjects = field<Object>(object, "subject_transform").has_value(),
                      .discards_new_per_subject = flag("discard_new_per_subject")};
  if (const auto republish = field<Object>(object, "republish")) {
    config.republish_source = text_field(*republish, "src", "");
    config.republish_destination = text_field(*republish, "dest", "");
    config.republishes_headers_only = field<bool>(*republish, "headers_only").value_or(false);
  }
  if (const auto subjects = field<simdjson::dom::array>(object, "subjects")) {
    for (const Element subject : *subjects) {
      std::string_view text;
      if (subject.get(text) == simdjson::SUCCESS) config.subjects.emplace_back(text);
    }
  }
  return config;
}

std::vector<std::uint64_t> numbers_field(const Object& object, std::string_view name) {
  std::vector<std::uint64_t> numbers;
  if (const auto array = field<simdjson::dom::array>(object, name)) {
    for (const Element element : *array) {
      std::uint64_t number = 0;
      if (element.get(number) == simdjson::SUCCESS) numbers.push_back(number);
    }
  }
  return numbers;
}

std::vector<StreamPeer> peers_from(const Object& cluster) {
  std::vector<StreamPeer> peers;
  const auto replicas = field<simdjson::dom::array>(cluster, "replicas");
  if (!replicas) return peers;
  for (const Element element : *replicas) {
    Object peer;
    if (element.get(peer) != simdjson::SUCCESS) continue;
    peers.push_back(
        {.name = text_field(peer, "name", ""),
         .is_current = field<bool>(peer, "current").value_or(false),
         .is_offline = field<bool>(peer, "offline").value_or(false),
         .lag = field<std::uint64_t>(peer, "lag").value_or(0),
         .silent = std::chrono::nanoseconds(field<std::int64_t>(peer, "active").value_or(0))});
  }
  return peers;
}

/// The value of a header in a block as it goes over the wire: a line for each, after the first.
std::optional<std::string_view> header_in(std::string_view block, std::string_view name) {
  for (std::size_t at = block.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    const std::size_t end = block.find("\r\n", begin);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = block.substr(begin, end - begin);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      std::string_view value = line.substr(name.size() + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return value;
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace

ApiResult<ApiLevel> parse_level(std::string_view json) {
  return parse<ApiLevel>(json, [](const Object& object) -> ApiResult<ApiLevel> {
    const auto api = field<Object>(object, "api");
    if (!api) return 0;
    return static_cast<ApiLevel>(field<std::int64_t>(*api, "level").value_or(0));
  });
}

ApiResult<StreamInfo> parse_stream_info(std::string_view json) {
  return parse<StreamInfo>(json, [&](const Object& object) -> ApiResult<StreamInfo> {
    const auto config = field<Object>(object, "config");
    const auto state = field<Object>(object, "state");
    const auto cluster = field<Object>(object, "cluster");
    if (!config || !state) return malformed(json);
    const auto number = [&](std::string_view name) {
      return field<std::uint64_t>(*state, name).value_or(0);
    };
    return StreamInfo{.config = config_from(*config),
                      .created = time_field(object, "created"),
                      .messages = number("messages"),
                      .bytes = number("bytes"),
                      .first_sequence = number("first_seq"),
                      .last_sequence = number("last_seq"),
                      .first_time = time_field(*state, "first_ts"),
                      .deleted = number("num_deleted"),
                      .deleted_ones = numbers_field(*state, "deleted"),
                      .subjects = number("num_subjects"),
                      .consumers = number("consumer_count"),
                      .cluster = cluster ? text_field(*cluster, "name", "") : "",
                      .leader = cluster ? text_field(*cluster, "leader", "") : "",
                      .peers = cluster ? peers_from(*cluster) : std::vector<StreamPeer>(),
                      .server_time = time_field(object, "ts")};
  });
}

ApiResult<ConsumerInfo> parse_consumer(std::string_view json) {
  return parse<ConsumerInfo>(json, [&](const Object& object) -> ApiResult<ConsumerInfo> {
    const auto name = field<std::string_view>(object, "name");
    if (!name) return malformed(json);
    return ConsumerInfo{.name = std::string(*name),
                        .pending = field<std::uint64_t>(object, "num_pending").value_or(0),
                        .created = time_field(object, "created")};
  });
}

ApiResult<Stored> parse_stored(std::string_view json) {
  return parse<Stored>(json, [&](const Object& object) -> ApiResult<Stored> {
    const auto sequence = field<std::uint64_t>(object, "seq");
    if (!sequence || *sequence == 0) return malformed(json);
    return Stored{.sequence = *sequence,
                  .is_duplicate = field<bool>(object, "duplicate").value_or(false),
                  .batch_count = field<std::uint64_t>(object, "count").value_or(0)};
  });
}

ApiResult<StreamApi::Found> parse_message(std::string_view json) {
  using Found = StreamApi::Found;
  auto parsed = parse<Found>(json, [&](const Object& object) -> ApiResult<Found> {
    const auto message = field<Object>(object, "message");
    if (!message) return malformed(json);
    const auto sequence = field<std::uint64_t>(*message, "seq");
    const auto subject = field<std::string_view>(*message, "subject");
    const auto body = bytes_field(*message, "data");
    const auto headers = bytes_field(*message, "hdrs");
    if (!sequence || !subject || !body || !headers) return malformed(json);
    StoredMessage stored{.sequence = *sequence, .subject = std::string(*subject), .body = *body};
    stored.take_headers([&](std::string_view name) { return header_in(*headers, name); });
    return Found(std::move(stored));
  });
  if (!parsed && parsed.error().code == ApiCode::message_not_found) return Found{};
  return parsed;
}

}  // namespace aether::nats
