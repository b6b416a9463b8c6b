// SPDX-License-Identifier: Apache-2.0
#include "nats/commit_message.hpp"

#include "aether/core/chain.hpp"
#include "aether/core/envelope.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

namespace aether::nats {

namespace {

std::unexpected<Error> no_commit(const StoredMessage& message, std::string_view why) {
  return std::unexpected(
      Error{.code = Errc::corrupt,
            .message = concat("message ", message.sequence, " of the stream, on ",
                              quoted(message.subject), ", is no commit of a store: ", why),
            .position = position_of(message.sequence, 0)});
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// Whether a metadata value is fit for the header: it is there for tools that follow traces, and
/// nothing else. An empty header makes libnats 3.4.1 lose the one that follows it.
bool can_be_a_trace(std::string_view value) {
  constexpr std::size_t kMaxTrace = 256;  // today's have 55
  return !value.empty() && value.size() <= kMaxTrace &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

OutgoingCommit encode_message(std::string subject, std::span<const Event> events,
                              const Hash& previous) {
  OutgoingCommit commit{.subject = std::move(subject), .headers = {}, .body = {}, .hash = previous};
  for (const Event& event : events) commit.hash = chain_hash(commit.hash, event);
  commit.body = encode_commit(events);
  commit.headers.reserve(8);  // with those that its sending adds
  commit.headers.emplace_back("Aether-Format", "1");
  commit.headers.emplace_back("Aether-Version", concat(events.back().version));
  commit.headers.emplace_back("Aether-Count", concat(events.size()));
  commit.headers.emplace_back("Aether-Hash", to_hex(commit.hash));
  if (events.size() > 1) commit.headers.emplace_back("Aether-Previous", to_hex(previous));
  const auto& metadata = events.front().metadata;
  if (const auto trace = metadata.find("traceparent");
      trace != metadata.end() && can_be_a_trace(trace->second)) {
    commit.headers.emplace_back("traceparent", trace->second);
  }
  return commit;
}

Result<CommitHeaders> decode_headers(const StoredMessage& message) {
  CommitHeaders headers;
  if (message.format.empty()) return no_commit(message, "it has no header Aether-Format");
  if (message.format != "1") {
    return no_commit(message, concat("its format is ", quoted(message.format),
                                     ", and this version knows 1: upgrade this program"));
  }
  if (!parse_number(message.version, headers.version) || headers.version == 0 ||
      headers.version > kMaxVersion) {
    return no_commit(message, concat("its Aether-Version is ", quoted(message.version)));
  }
  if (!parse_number(message.count, headers.count) || headers.count == 0 ||
      headers.count > kPositionsPerMessage) {
    return no_commit(message, concat("its Aether-Count is ", quoted(message.count)));
  }
  const auto hash = parse_hash(message.hash);
  if (!hash) return no_commit(message, concat("its Aether-Hash is ", quoted(message.hash)));
  headers.hash = *hash;
  if (headers.count == 1) return headers;
  const auto previous = parse_hash(message.previous);
  if (!previous) {
    return no_commit(message, concat("its Aether-Previous is ", quoted(message.previous)));
  }
  headers.previous = *previous;
  return headers;
}

Result<std::vector<EventPtr>> decode_message(const Namespace& ns, const StoredMessage& message,
                                             unsigned max_json_depth) {
  const auto headers = decode_headers(message);
  if (!headers) return std::unexpected(headers.error());
  auto events = decode_commit(message.body, max_json_depth);
  if (!events) return no_commit(message, events.error().message);
  if (events->size() != headers->count) {
    return no_commit(message, concat("it has ", events->size(), " events, and its Aether-Count is ",
                                     headers->count));
  }
  std::vector<EventPtr> stored;
  stored.reserve(events->size());
  Version last = 0;
  Hash hash = headers->previous.value_or(Hash{});
  for (Event& event : *events) {
    if (event_subject(ns, event.actor_id) != message.subject) {
      return no_commit(message, concat("it holds an event of ", quoted(event.actor_id),
                                       ", whose subject is another"));
    }
    if (event.version <= last) return no_commit(message, "its versions do not increase");
    last = event.version;
    const bool is_last = stored.size() + 1 == events->size();
    // Only what stands between is computed: `verify` is what looks for changes.
    hash = is_last ? headers->hash : chain_hash(hash, event);
    auto made = std::make_shared<StoredEvent>();
    static_cast<Event&>(*made) = std::move(event);
    made->position = position_of(message.sequence, stored.size());
    made->hash = hash;
    stored.push_back(std::move(made));
  }
  if (last != headers->version) {
    return no_commit(message, concat("its last event has version ", last,
                                     ", and its Aether-Version is ", headers->version));
  }
  return stored;
}

}  // namespace aether::nats
