// SPDX-License-Identifier: Apache-2.0
#include "nats/bus_message.hpp"

#include "aether/core/chain.hpp"
#include "aether/core/envelope.hpp"
#include "core/text.hpp"
#include "nats/commit_message.hpp"
#include "nats/stream_config.hpp"

#include <charconv>
#include <memory>
#include <optional>

namespace aether::nats {

namespace {

constexpr std::string_view kEventPrefix = "aether.ev.";

std::unexpected<Error> no_event(const Message& message, std::string_view why) {
  return fail(Errc::corrupt,
              concat("a message on ", quoted(message.subject()), " is no event of a bus: ", why));
}

/// Nothing where it is no number.
std::optional<std::uint64_t> number_in(const Message& message, const std::string& header) {
  const auto text = message.header(header);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

/// What a stream has broadcast: the message that it stores.
Result<BusMessage> decode_broadcast(const Namespace& ns, const Message& message,
                                    std::uint64_t sequence, unsigned max_json_depth) {
  StoredMessage stored{.sequence = sequence,
                       .subject = concat(kEventPrefix, message.subject().substr(kBusPrefix.size())),
                       .body = std::string(message.data())};
  stored.take_headers([&](const char* name) { return message.header(name); });
  auto events = decode_message(ns, stored, max_json_depth);
  if (!events) return std::unexpected(std::move(events.error()));
  return BusMessage{.events = std::move(*events),
                    .sequence = sequence,
                    .previous = number_in(message, "Nats-Last-Sequence").value_or(0)};
}

}  // namespace

std::string bus_subject(const Namespace& ns, std::string_view actor_id) {
  return concat(kBusPrefix,
                std::string_view(event_subject(ns, actor_id)).substr(kEventPrefix.size()));
}

std::string bus_pattern(const NamespacePattern& pattern, const Filter& filter) {
  const std::string_view text = pattern.text();
  // The rest is at least one token of the namespace's, then category and actor.
  if (text == ">") return concat(kBusPrefix, "*.*.>");
  if (text.ends_with(".>")) return concat(kBusPrefix, text.substr(0, text.size() - 1), "*.*.>");
  std::string category = filter.category;
  if (!filter.actor_id.empty()) category = category_of(filter.actor_id);
  return concat(kBusPrefix, text, ".", category.empty() ? "*" : to_subject_token(category), ".",
                filter.actor_id.empty() ? "*" : to_subject_token(filter.actor_id));
}

BusScope bus_scope(const NamespacePattern& pattern, const Filter& filter) {
  if (pattern.text().ends_with('>')) return BusScope::name_space;
  if (!filter.actor_id.empty()) return BusScope::actor;
  return filter.category.empty() ? BusScope::name_space : BusScope::category;
}

std::string_view name_space_in(std::string_view subject) {
  if (!subject.starts_with(kBusPrefix)) return {};
  subject.remove_prefix(kBusPrefix.size());
  for (int tokens = 0; tokens < 2; ++tokens) {  // actor and category
    const std::size_t dot = subject.rfind('.');
    if (dot == std::string_view::npos) return {};
    subject = subject.substr(0, dot);
  }
  return subject;
}

OutgoingEvent encode_bus_message(const Namespace& ns, const StoredEvent& event) {
  OutgoingEvent outgoing{.subject = bus_subject(ns, event.actor_id), .headers = {}, .body = {}};
  encode_envelope(event, outgoing.body);
  // Headers cost more than all the rest: an event that was in no store needs none.
  if (event.position == 0 && event.hash == Hash{}) return outgoing;
  outgoing.headers.emplace_back("Aether-Format", "1");
  if (event.position != 0) outgoing.headers.emplace_back("Aether-Position", concat(event.position));
  if (event.hash != Hash{}) outgoing.headers.emplace_back("Aether-Hash", to_hex(event.hash));
  return outgoing;
}

Result<BusMessage> decode_bus_message(const Namespace& ns, const Message& message,
                                      unsigned max_json_depth) {
  const auto format = message.header("Aether-Format");
  if (format && *format != "1") {
    return no_event(message, concat("its format is ", quoted(*format),
                                    ", and this version knows 1: upgrade this program"));
  }
  // Of this namespace's own stream only: another may have messages of its own making.
  const auto stream = message.header("Nats-Stream");
  if (stream && !format) return no_event(message, "it has no header Aether-Format");
  if (stream == event_stream_name(ns)) {
    const auto sequence = number_in(message, "Nats-Sequence");
    if (sequence && *sequence > 0 && *sequence <= kMaxSequence) {
      return decode_broadcast(ns, message, *sequence, max_json_depth);
    }
  }
  auto event = decode_envelope(message.data(), max_json_depth);
  if (!event) return no_event(message, event.error().message);
  if (bus_subject(ns, event->actor_id) != message.subject()) {
    return no_event(message, concat("it holds an event of ", quoted(event->actor_id),
                                    ", whose subject is another"));
  }
  auto made = std::make_shared<StoredEvent>();
  static_cast<Event&>(*made) = std::move(*event);
  if (const auto hash = message.header("Aether-Hash")) {
    const auto parsed = parse_hash(*hash);
    if (!parsed) return no_event(message, concat("its Aether-Hash is ", quoted(*hash)));
    made->hash = *parsed;
  }
  if (const auto position = message.header("Aether-Position")) {
    const auto parsed = number_in(message, "Aether-Position");
    if (!parsed) return no_event(message, concat("its Aether-Position is ", quoted(*position)));
    made->position = *parsed;
  }
  BusMessage decoded;
  decoded.events.push_back(std::move(made));
  return decoded;
}

}  // namespace aether::nats
