// SPDX-License-Identifier: Apache-2.0
#include "aether/store/commit.hpp"

#include "aether/core/uuid.hpp"
#include "core/event_check.hpp"
#include "core/text.hpp"

#include <exception>
#include <unordered_map>
#include <utility>

namespace aether {

namespace {

Result<void> check_size(std::span<const Event> events, const Limits& limits) {
  if (events.size() > limits.max_commit_events) {
    return fail(Errc::too_large, concat("a commit may have ", limits.max_commit_events,
                                        " events; this one has ", events.size(), ": split it"));
  }
  std::size_t bytes = 0;
  for (const Event& event : events) bytes += event_bytes(event);
  if (bytes > limits.max_commit_bytes) {
    return fail(Errc::too_large,
                concat("a commit may have ", limits.max_commit_bytes, " bytes; this one has ",
                       bytes, ": split it, or keep large data elsewhere and refer to it"));
  }
  return {};
}

/// The actors of a commit, each asked for once. Nearly every commit has one, which needs no map.
class ActorHeads {
 public:
  struct Head {
    Version stored = 0;   // the actor's latest version in the store
    Version reached = 0;  // after the events of the commit seen so far
  };

  explicit ActorHeads(History& history) : history_(history) {}

  Result<Head*> of(std::string_view actor_id) {
    if (actor_id == first_actor_) return &first_;
    if (first_actor_.empty()) {
      first_actor_ = actor_id;
      return ask(actor_id, first_);
    }
    const auto [found, added] = others_.try_emplace(actor_id);
    return added ? ask(actor_id, found->second) : &found->second;
  }

  void restart() {
    first_.reached = first_.stored;
    for (auto& [actor_id, head] : others_) head.reached = head.stored;
  }

 private:
  Result<Head*> ask(std::string_view actor_id, Head& head) {
    const auto latest = history_.latest_version(actor_id);
    if (!latest) return std::unexpected(latest.error());
    head = {.stored = *latest, .reached = *latest};
    return &head;
  }

  History& history_;
  std::string_view first_actor_;  // never empty in a prepared commit
  Head first_;
  std::unordered_map<std::string_view, Head> others_;
};

std::unexpected<Error> conflict(std::string_view actor_id, Version latest, std::string_view why) {
  return std::unexpected(
      Error{.code = Errc::version_conflict,
            .message = concat(quoted(actor_id), " is at version ", latest, ", ", why,
                              ": read it again, decide again, append again"),
            .actor_id = std::string(actor_id),
            .actor_version = latest});
}

/// The version that `event` asks for, or gets.
Result<Version> next_version(const Event& event, const ActorHeads::Head& head) {
  if (event.version > head.reached) return event.version;
  if (event.version != 0) {
    return conflict(
        event.actor_id, head.stored,
        event.version > head.stored
            ? concat("and within the commit version ", event.version, " follows ", head.reached)
            : concat("so version ", event.version, " is taken"));
  }
  if (head.reached < kMaxVersion) return head.reached + 1;
  return fail(Errc::invalid_argument,
              concat(quoted(event.actor_id), " is at the highest version there is, ", kMaxVersion));
}

template <class Visit>
Result<void> walk(std::span<Event> events, ActorHeads& heads, const Visit& visit) {
  for (Event& event : events) {  // NOLINT(misc-const-correctness): as `visit` needs it
    const auto head = heads.of(event.actor_id);
    if (!head) return std::unexpected(head.error());
    const auto version = next_version(event, **head);
    if (!version) return std::unexpected(version.error());
    (*head)->reached = *version;
    visit(event, *version);
  }
  return {};
}

Result<void> check_expected(std::span<const Event> events, Version expected, ActorHeads& heads) {
  const std::string& actor_id = events.front().actor_id;
  for (const Event& event : events) {
    if (event.actor_id != actor_id) {
      return fail(Errc::invalid_argument,
                  concat("expected_version is about one actor, but the commit has events of ",
                         quoted(actor_id), " and of ", quoted(event.actor_id)));
    }
  }
  const auto head = heads.of(actor_id);
  if (!head) return std::unexpected(head.error());
  if ((*head)->stored == expected) return {};
  return conflict(actor_id, (*head)->stored, concat("not at ", expected, " as expected"));
}

/// Whether every event is stored already, under the version that it asks for.
Result<std::optional<Judgement>> judge_repeat(std::span<const Event> events,
                                              std::optional<Version> expected, History& history) {
  Judgement judgement{.stored_already = true};
  Version version = expected.value_or(0);
  for (const Event& event : events) {
    if (event.version == 0 && !expected) return std::nullopt;  // it would be new each time
    version = event.version == 0 ? version + 1 : event.version;
    const auto position = history.find(event.actor_id, version, event.id);
    if (!position) return std::unexpected(position.error());
    const std::optional<Position>& found = *position;
    if (!found) return std::nullopt;
    judgement.version = version;
    judgement.position = *found;
  }
  return judgement;
}

}  // namespace

Result<void> prepare_commit(std::span<Event> events, const Limits& limits, const Clock& clock) {
  if (auto ok = check_size(events, limits); !ok) return ok;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (auto ok = check_event(events[i], limits.max_json_depth); !ok) {
      ok.error().message = concat("event ", i, " of the commit: ", ok.error().message);
      return ok;
    }
  }
  for (Event& event : events) {
    if (event.id.empty()) event.id = make_uuid_v7(clock);
    if (event.timestamp == kNoTimestamp) event.timestamp = clock.now();
  }
  return {};
}

Result<Judgement> judge_commit(std::span<Event> events, std::optional<Version> expected_version,
                               History& history) {
  if (events.size() == 1) {  // nearly every commit, and nearly always accepted
    Event& event = events.front();
    const auto latest = history.latest_version(event.actor_id);
    if (!latest) return std::unexpected(latest.error());
    const Version version = event.version == 0 ? *latest + 1 : event.version;
    if (version > *latest && version <= kMaxVersion &&
        expected_version.value_or(*latest) == *latest) {
      event.version = version;
      return Judgement{.version = version};
    }
  }
  ActorHeads heads(history);
  Result<void> accepted;
  if (expected_version) accepted = check_expected(events, *expected_version, heads);
  if (accepted) accepted = walk(events, heads, [](const Event&, Version) {});
  if (!accepted) {
    if (accepted.error().code != Errc::version_conflict) {
      return std::unexpected(std::move(accepted.error()));
    }
    auto repeat = judge_repeat(events, expected_version, history);
    if (!repeat) return std::unexpected(std::move(repeat.error()));
    const std::optional<Judgement>& judgement = *repeat;
    if (judgement) return *judgement;
    return std::unexpected(std::move(accepted.error()));
  }
  heads.restart();  // versions are written only now that the whole commit is accepted
  Judgement judgement;
  accepted = walk(events, heads, [&judgement](Event& event, Version version) {
    event.version = judgement.version = version;
  });
  if (!accepted) return std::unexpected(std::move(accepted.error()));
  return judgement;
}

void complete_append(EventStore::Completion& done, Result<Appended> outcome, const LogSink& log) {
  const auto tell = [&log](std::string_view what) {
    if (log) log(LogLevel::error, concat("an append's completion threw: ", what));
  };
  try {
    done(std::move(outcome));
  } catch (const std::exception& error) {
    tell(error.what());
  } catch (...) {
    tell("something that is no std::exception");
  }
}

}  // namespace aether
