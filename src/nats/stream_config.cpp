// SPDX-License-Identifier: Apache-2.0
#include "nats/stream_config.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::nats {

namespace {

// No limit in practice, but a limit: with one the server's files have blocks of 4 MB instead of 8,
// and looking up a cold actor's last message costs half (the server reads the whole block).
constexpr std::int64_t kMessagesPerActor = 1'000'000'000;

// For how long the server remembers message ids: below 2.11, where replicated streams need them.
constexpr std::chrono::nanoseconds kDuplicateWindow = std::chrono::minutes(2);

// Fewer messages than these for each subject would cut actors' histories short.
constexpr std::int64_t kFewestMessagesPerActor = 1'000'000;

/// What the names of its streams, and their subjects, begin with.
std::string_view prefix_of(StreamKind kind) {
  return kind == StreamKind::events ? "aether.ev." : "aether.snap.";
}

std::string_view name_of(StreamKind kind) {
  return kind == StreamKind::events ? "events" : "snapshots";
}

std::unexpected<Error> unusable(StreamKind kind, const StreamConfig& found, std::string_view why) {
  return fail(Errc::invalid_argument,
              concat("the stream ", quoted(found.name), " cannot keep ", name_of(kind), ": ", why,
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

/// Whether a bus sees what it stores. Servers know two ways to write it.
bool is_broadcast(const StreamConfig& config, const Namespace& ns) {
  constexpr std::string_view kTokens = "$1.$2";
  std::string other = broadcast_destination(ns);
  other.replace(other.size() - kTokens.size(), kTokens.size(), "{{wildcard(1)}}.{{wildcard(2)}}");
  return config.republish_source == event_stream_subjects(ns) && !config.republishes_headers_only &&
         (config.republish_destination == broadcast_destination(ns) ||
          config.republish_destination == other);
}

std::string republish_text(const std::string& source, const std::string& destination) {
  return source.empty() ? "none" : concat("from ", quoted(source), " to ", quoted(destination));
}

Result<void> check_broadcast(const StreamConfig& found, const Namespace& ns,
                             const StreamOptions& options) {
  if (!options.broadcast || *options.broadcast == is_broadcast(found, ns)) return {};
  const std::string wanted =
      *options.broadcast ? republish_text(event_stream_subjects(ns), broadcast_destination(ns))
                         : "none";
  const std::string_view part = found.republishes_headers_only ? " (headers only)" : "";
  return differs(found, "republish",
                 concat(republish_text(found.republish_source, found.republish_destination), part),
                 wanted);
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

void find_faults_of_limits(StreamKind kind, const StreamConfig& found,
                           std::vector<std::string>& faults) {
  const std::int64_t kept = found.max_messages_per_subject;
  if (kind == StreamKind::events && kept > 0 && kept < kFewestMessagesPerActor) {
    faults.push_back(
        concat("it keeps only ", kept, " messages of an actor (max_msgs_per_subject)"));
  }
  if (kind == StreamKind::snapshots && kept != 1) {
    faults.push_back(concat(
        "it must keep one message of an actor, the last (max_msgs_per_subject is ", kept, ")"));
  }
  if (kind == StreamKind::snapshots && found.discards_new_per_subject) {
    faults.emplace_back("an actor's first message would be its last (discard_new_per_subject)");
  }
  const bool limited = found.max_bytes > 0 || found.max_messages > 0;
  if (limited && found.discard != "new") {
    faults.emplace_back("when it is full it removes the oldest of them (discard must be new)");
  }
}

}  // namespace

std::string stream_name(StreamKind kind, const Namespace& ns) {
  std::string name = concat(prefix_of(kind), ns.text());
  std::ranges::replace(name, '.', '=');
  return name;
}

std::string stream_subjects(StreamKind kind, const Namespace& ns) {
  return concat(prefix_of(kind), ns.text(), ".*.*");
}

std::string broadcast_destination(const Namespace& ns) {
  return concat("aether.bus.", ns.text(), ".$1.$2");
}

StreamConfig stream_config(StreamKind kind, const Namespace& ns, const StreamOptions& options) {
  const bool is_events = kind == StreamKind::events;
  const bool broadcast = is_events && options.broadcast.value_or(false);
  const std::chrono::seconds max_age = is_events ? kDefaultRetention : std::chrono::hours(0);
  return {.name = stream_name(kind, ns),
          .subjects = {stream_subjects(kind, ns)},
          .storage = options.in_memory.value_or(false) ? "memory" : "file",
          .compression = options.compressed.value_or(false) ? "s2" : "none",
          .max_age_ns = nanoseconds_of(options.max_age.value_or(max_age)),
          .max_bytes = options.max_bytes.value_or(-1),
          .max_messages_per_subject = is_events ? kMessagesPerActor : 1,
          .max_consumers = kMaxConsumers,
          .replicas = options.replicas.value_or(1),
          .republish_source = broadcast ? event_stream_subjects(ns) : "",
          .republish_destination = broadcast ? broadcast_destination(ns) : "",
          .deny_delete = is_events,
          .deny_purge = is_events,
          .allow_direct = true,
          .allow_atomic = is_events};
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
  if (config.allow_rollup) json += ",\"allow_rollup_hdrs\":true";
  if (level >= kAtomicBatchLevel && config.allow_atomic) json += ",\"allow_atomic\":true";
  if (!config.republish_source.empty()) {
    json += concat(R"(,"republish":{"src":")", config.republish_source, R"(","dest":")",
                   config.republish_destination, "\"}");
  }
  json += '}';
  return json;
}

std::vector<std::string> stream_faults(StreamKind kind, const StreamConfig& found,
                                       const Namespace& ns) {
  std::vector<std::string> faults;
  const std::string subjects = stream_subjects(kind, ns);
  if (found.subjects != std::vector{subjects}) {
    faults.push_back(concat("its subjects must be exactly ", quoted(subjects)));
  }
  if (found.retention != "limits") {
    faults.push_back(
        concat("its retention is ", quoted(found.retention), ", which removes what was read"));
  }
  const std::pair<bool, std::string_view> flags[] = {
      {found.persist_mode == "async",
       "it acknowledges what it has not written (persist_mode async)"},
      {found.no_ack, "it acknowledges nothing (no_ack)"},
      {found.sealed, "it is sealed"},
      {found.is_mirror, "it is a mirror"},
      {found.transforms_subjects, "it transforms subjects"},
      {found.allow_rollup, "roll-ups may remove others' messages (allow_rollup_hdrs)"},
      {found.allow_message_ttl, "messages may expire (allow_msg_ttl)"},
  };
  for (const auto& [is_set, fault] : flags) {
    if (is_set) faults.emplace_back(fault);
  }
  find_faults_of_limits(kind, found, faults);
  return faults;
}

Result<void> check_stream(StreamKind kind, const StreamConfig& found, const Namespace& ns,
                          const StreamOptions& options) {
  const auto faults = stream_faults(kind, found, ns);
  if (!faults.empty()) return unusable(kind, found, faults.front());
  if (auto ok = check_broadcast(found, ns, options); !ok) return ok;
  return check_settings(found, options);
}

}  // namespace aether::nats
