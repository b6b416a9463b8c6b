// SPDX-License-Identifier: Apache-2.0
#include "nats/stream_config.hpp"

#include "core/text.hpp"

#include <algorithm>

namespace aether::nats {

namespace {

// No limit in practice, but a limit: with one the server's files have blocks of 4 MB instead of 8,
// and looking up a cold actor's last message costs half (the server reads the whole block).
constexpr std::int64_t kMessagesPerActor = 1'000'000'000;

// Newer servers stop at 1,000 consumers where nothing is said.
constexpr std::int64_t kMaxConsumers = 100'000;

// For how long the server remembers message ids: below 2.11, where replicated streams need them.
constexpr std::chrono::nanoseconds kDuplicateWindow = std::chrono::minutes(2);

// Fewer messages than these for each subject would cut actors' histories short.
constexpr std::int64_t kFewestMessagesPerActor = 1'000'000;

std::unexpected<Error> unusable(const StreamConfig& found, std::string_view why) {
  return fail(Errc::invalid_argument,
              concat("the stream ", quoted(found.name), " cannot keep events: ", why,
                     "; have it changed, or remove it and let the store make it"));
}

std::unexpected<Error> differs(const StreamConfig& found, std::string_view what,
                               const std::string& has, const std::string& wanted) {
  return fail(Errc::invalid_argument,
              concat("the stream ", quoted(found.name), " has ", what, " ", has, ", and ", wanted,
                     " was asked for: ask for what it has, or have the stream changed"));
}

std::string age_text(std::int64_t nanoseconds) {
  return nanoseconds == 0 ? "for ever" : concat(nanoseconds / 1'000'000'000, " s");
}

std::int64_t nanoseconds_of(std::chrono::seconds age) {
  return std::chrono::nanoseconds(age).count();
}

Result<void> check_settings(const StreamConfig& found, const StreamOptions& options) {
  if (options.max_age && nanoseconds_of(*options.max_age) != found.max_age_ns) {
    return differs(found, "max_age", age_text(found.max_age_ns),
                   age_text(nanoseconds_of(*options.max_age)));
  }
  if (options.replicas && *options.replicas != found.replicas) {
    return differs(found, "replicas", concat(found.replicas), concat(*options.replicas));
  }
  const bool in_memory = found.storage == "memory";
  if (options.in_memory && *options.in_memory != in_memory) {
    return differs(found, "storage", found.storage, in_memory ? "file" : "memory");
  }
  if (options.max_bytes && *options.max_bytes != found.max_bytes) {
    return differs(found, "max_bytes", concat(found.max_bytes), concat(*options.max_bytes));
  }
  const bool compressed = found.compression != "none";
  if (options.compressed && *options.compressed != compressed) {
    return differs(found, "compression", found.compression, compressed ? "none" : "s2");
  }
  return {};
}

}  // namespace

std::string event_stream_name(const Namespace& ns) {
  std::string name = concat("aether=ev=", ns.text());
  std::ranges::replace(name, '.', '=');
  return name;
}

std::string event_stream_subjects(const Namespace& ns) {
  return concat("aether.ev.", ns.text(), ".*.*");
}

StreamConfig event_stream_config(const Namespace& ns, const StreamOptions& options) {
  const auto max_age = options.max_age.value_or(kDefaultRetention);
  return {.name = event_stream_name(ns),
          .subjects = {event_stream_subjects(ns)},
          .storage = options.in_memory.value_or(false) ? "memory" : "file",
          .compression = options.compressed.value_or(false) ? "s2" : "none",
          .max_age_ns = nanoseconds_of(max_age),
          .max_bytes = options.max_bytes.value_or(-1),
          .max_messages_per_subject = kMessagesPerActor,
          .max_consumers = kMaxConsumers,
          .replicas = options.replicas.value_or(1),
          .deny_delete = true,
          .deny_purge = true,
          .allow_direct = true,
          .allow_atomic = true};
}

std::string to_json(const StreamConfig& config, ApiLevel level) {
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  const auto window = config.max_age_ns == 0
                          ? kDuplicateWindow.count()
                          : std::min<std::int64_t>(kDuplicateWindow.count(), config.max_age_ns);
  // Names and subjects hold no character that JSON escapes.
  std::string json = concat(
      R"({"name":")", config.name, R"(","subjects":[")", config.subjects.front(),
      R"("],"retention":")", config.retention, R"(","storage":")", config.storage,
      R"(","discard":")", config.discard, R"(","max_age":)", config.max_age_ns,
      ",\"max_bytes\":", config.max_bytes, ",\"max_msgs\":", config.max_messages,
      ",\"max_msgs_per_subject\":", config.max_messages_per_subject,
      ",\"max_msg_size\":", config.max_message_bytes, ",\"max_consumers\":", config.max_consumers,
      ",\"num_replicas\":", config.replicas, ",\"duplicate_window\":", window,
      ",\"deny_delete\":", flag(config.deny_delete), ",\"deny_purge\":", flag(config.deny_purge),
      ",\"allow_direct\":", flag(config.allow_direct));
  if (config.compression != "none") json += concat(R"(,"compression":")", config.compression, "\"");
  if (level >= kAtomicBatchLevel && config.allow_atomic) json += ",\"allow_atomic\":true";
  json += '}';
  return json;
}

Result<void> check_event_stream(const StreamConfig& found, const Namespace& ns,
                                const StreamOptions& options) {
  const std::string subjects = event_stream_subjects(ns);
  if (found.subjects != std::vector{subjects}) {
    return unusable(found, concat("its subjects must be exactly ", quoted(subjects)));
  }
  if (found.retention != "limits") {
    return unusable(found, concat("its retention is ", quoted(found.retention),
                                  ", which removes what was read"));
  }
  if (found.no_ack) return unusable(found, "it acknowledges nothing (no_ack)");
  if (found.sealed) return unusable(found, "it is sealed");
  if (found.is_mirror) return unusable(found, "it is a mirror");
  if (found.transforms_subjects) return unusable(found, "it transforms subjects");
  if (found.allow_rollup) return unusable(found, "roll-ups may remove events (allow_rollup_hdrs)");
  if (found.allow_message_ttl) return unusable(found, "messages may expire (allow_msg_ttl)");
  if (found.max_messages_per_subject > 0 &&
      found.max_messages_per_subject < kFewestMessagesPerActor) {
    return unusable(found, concat("it keeps only ", found.max_messages_per_subject,
                                  " messages of an actor (max_msgs_per_subject)"));
  }
  const bool limited = found.max_bytes > 0 || found.max_messages > 0;
  if (limited && found.discard != "new") {
    return unusable(found, "when it is full it removes the oldest events (discard must be new)");
  }
  return check_settings(found, options);
}

}  // namespace aether::nats
