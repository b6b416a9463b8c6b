// SPDX-License-Identifier: Apache-2.0
#include "aether/core/time.hpp"
#include "aether/core/uuid.hpp"
#include "input.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace aether::cli {
namespace {

Result<Data> read_data(const Append& verb, const Session& session) {
  const bool bytes = !verb.content_type.empty() && verb.content_type != kJsonContentType;
  std::string text = verb.data;
  if (text == "-" || text.starts_with('@')) {
    auto input = read_input(text, session.signals.fd());
    if (!input) return std::unexpected(std::move(input.error()));
    text = bytes ? std::move(*input) : std::string(trim(*input));
  }
  return bytes ? Data::bytes(text, verb.content_type) : Data::json(text);
}

Result<Metadata> parse_metadata(const std::vector<std::string>& pairs) {
  Metadata metadata;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::invalid_argument,
                  "the metadata \"" + pair + "\" is not of the form key=value");
    }
    const auto key = pair.substr(0, equals);
    if (!metadata.emplace(key, pair.substr(equals + 1)).second) {
      return fail(Errc::invalid_argument, "the metadata has the key \"" + key + "\" twice");
    }
  }
  return metadata;
}

Result<Event> make_event(const Append& verb, const Session& session) {
  Event event{.id = verb.id.empty() ? make_uuid_v7() : verb.id,
              .event_type = verb.event_type,
              .actor_id = verb.actor_id,
              .version = verb.version,
              .data = {},
              .metadata = {}};
  if (!verb.timestamp.empty()) {
    const auto timestamp = parse_timestamp(verb.timestamp);
    if (!timestamp) return std::unexpected(timestamp.error());
    if (*timestamp == kNoTimestamp) {
      return fail(Errc::invalid_argument,
                  "the time \"" + verb.timestamp +
                      "\" stands for no time at all: give another, or leave out --timestamp");
    }
    event.timestamp = *timestamp;
  }
  auto metadata = parse_metadata(verb.metadata);
  if (!metadata) return std::unexpected(std::move(metadata.error()));
  event.metadata = std::move(*metadata);
  auto data = read_data(verb, session);
  if (!data) return std::unexpected(std::move(data.error()));
  event.data = std::move(*data);
  return event;
}

/// What the user can do about an append that failed; the message says what happened.
std::string advise(const Error& error, const Append& verb, const std::string& id) {
  switch (error.code) {
    case Errc::version_conflict:
      return "Nothing was stored. What is decided on the actor as it is now goes with " +
             (verb.version == 0 ? "--expect " + std::to_string(error.actor_version)
                                : "a --version above " + std::to_string(error.actor_version)) +
             ".";
    case Errc::unavailable:
      return "Nothing was stored. Try again later.";
    case Errc::outcome_unknown:
      return "The event may or may not be stored. " +
             (verb.version != 0 || verb.expect
                  ? "Run the same command again with --id " + id + ": it is not stored twice."
                  : "See whether the actor has an event with the id " + id +
                        ", and append again if not.");
    default:
      return {};
  }
}

void print(const Appended& appended, const std::string& actor_id, const std::string& id,
           Console& console) {
  const std::string durability = to_string(appended.durability);
  const std::string line = escape(actor_id) + ": version " + std::to_string(appended.version) +
                           ", position " + std::to_string(appended.position) + ", " + durability +
                           (appended.stored_already ? " (stored already)" : "");
  console.did("The event is stored: " + line + ". Its id is " + id + ".");
  if (console.json()) {
    nlohmann::ordered_json object{{"actorId", actor_id},
                                  {"id", id},
                                  {"version", appended.version},
                                  {"position", appended.position},
                                  {"durability", durability}};
    if (appended.stored_already) object["storedAlready"] = true;
    console.say_json(object);
  } else {
    console.say(line);
  }
}

}  // namespace

Outcome run(const Append& verb, const Session& session) {
  if (verb.lines) {
    auto store = session.open_to_write(verb.timeout);
    if (!store) return std::unexpected(std::move(store.error()));
    return append_lines(*store->events, session);
  }

  // Before the store is opened: while the input is awaited, others may write.
  auto event = make_event(verb, session);
  if (!event) return std::unexpected(std::move(event.error()));
  const Deadline end = Deadline::clock::now() + verb.timeout;
  auto store = session.open_to_write(verb.timeout);
  if (!store) return std::unexpected(std::move(store.error()));

  const std::string id = event->id;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Deadline::clock::now());
  const auto appended = store->events->append(
      std::move(*event), {.expected_version = verb.expect,
                          .timeout = std::max(left, std::chrono::milliseconds::zero())});
  if (!appended) {
    Failure failure(appended.error());
    failure.advice = advise(failure.error, verb, id);
    return std::unexpected(std::move(failure));
  }

  print(*appended, verb.actor_id, id, session.console);
  return ExitCode::ok;
}

}  // namespace aether::cli
