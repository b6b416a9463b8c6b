// SPDX-License-Identifier: Apache-2.0
#include "nats/commit.hpp"

#include "core/text.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <utility>

namespace aether::nats {

namespace {

constexpr std::size_t kEventOverhead = 256;  // bytes an event takes beside its data, about

}  // namespace

Commit::Commit(std::vector<Event> commit_events, std::optional<Version> expected, Deadline until,
               EventStore::Completion completion)
    : events(std::move(commit_events)),
      expected_version(expected),
      deadline(until),
      done(std::move(completion)) {
  given_versions_.reserve(events.size());
  for (const Event& event : events) {
    bytes += kEventOverhead + event.data.size();
    given_versions_.push_back(event.version);
    if (std::ranges::find(actors, event.actor_id) == actors.end()) {
      actors.push_back(event.actor_id);
    }
  }
  known.resize(actors.size());
}

std::size_t Commit::index_of(std::string_view actor_id) const {
  return static_cast<std::size_t>(std::ranges::find(actors, actor_id) - actors.begin());
}

Result<Judgement> Commit::judge() {
  lacking.reset();
  return judge_commit(events, expected_version, *this);
}

Result<Version> Commit::latest_version(std::string_view actor_id) {
  return known[index_of(actor_id)].head.value_or(ActorHead{}).version;
}

Result<std::optional<Position>> Commit::find(std::string_view actor_id, Version version,
                                             std::string_view id) {
  const std::size_t actor = index_of(actor_id);
  const Known& of_actor = known[actor];
  if (version > of_actor.head.value_or(ActorHead{}).version) return std::nullopt;
  if (!of_actor.from || version < *of_actor.from) {
    lacking = actor;
    return std::nullopt;
  }
  const auto found = std::ranges::lower_bound(of_actor.events, version, {},
                                              [](const EventPtr& event) { return event->version; });
  if (found == of_actor.events.end() || (*found)->version != version || (*found)->id != id) {
    return std::nullopt;
  }
  return (*found)->position;
}

std::chrono::milliseconds Commit::time_left() const { return time_for_a_try(deadline); }

Commit::Versions Commit::versions_of(std::size_t actor) const {
  Versions versions{.first = kMaxVersion, .last = 0};
  Version version = expected_version.value_or(0);  // then all events are of one actor
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].actor_id != actors[actor]) continue;
    version = given_versions_[i] == 0 ? version + 1 : given_versions_[i];
    versions = {.first = std::min(versions.first, version),
                .last = std::max(versions.last, version)};
  }
  return versions;
}

void Commit::make_parts(const Namespace& ns, const std::string& stream, bool message_ids) {
  parts.clear();
  std::vector<ActorHead> heads;
  heads.reserve(known.size());
  for (const Known& one : known) heads.push_back(one.head.value_or(ActorHead{}));
  std::vector<bool> is_later(actors.size());
  for (std::size_t first = 0; first < events.size();) {
    const std::string& actor_id = events[first].actor_id;
    std::size_t end = first + 1;
    while (end < events.size() && events[end].actor_id == actor_id) ++end;
    const std::size_t actor = index_of(actor_id);
    Part part{.actor = actor,
              .first = first,
              .count = end - first,
              .expected_sequence = {},
              .message =
                  encode_message(event_subject(ns, actor_id),
                                 std::span(events).subspan(first, end - first), heads[actor].hash)};
    auto& headers = part.message.headers;
    headers.emplace_back("Nats-Expected-Stream", stream);
    if (!is_later[actor]) {  // a server compares with what is stored before all parts
      part.expected_sequence = heads[actor].sequence;
      const std::string sequence = concat(heads[actor].sequence);
      headers.emplace_back("Nats-Expected-Last-Subject-Sequence", sequence);
      if (message_ids) {
        headers.emplace_back("Nats-Msg-Id", concat(part.message.subject, "/", sequence));
      }
    }
    is_later[actor] = true;
    heads[actor].hash = part.message.hash;
    parts.push_back(std::move(part));
    first = end;
  }
}

void Commit::forget() {
  for (std::size_t i = 0; i < events.size(); ++i) events[i].version = given_versions_[i];
  known.assign(actors.size(), {});
  is_fresh = false;
  parts.clear();
  maybe_stored = false;
  is_only_refused = false;
  gone_since.reset();
}

}  // namespace aether::nats
