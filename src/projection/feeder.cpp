// SPDX-License-Identifier: Apache-2.0
#include "projection/feeder.hpp"

#include "core/text.hpp"
#include "projection/parked_list.hpp"

#include <algorithm>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kKeptErrorBytes = 500;  // of what an event failed with

/// Cut to a size, but not within a character.
std::string shortened(const std::string& text) {
  if (text.size() <= kKeptErrorBytes) return text;
  std::size_t end = kKeptErrorBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string name_of(const ParkedEvent& event) {
  return concat(quoted(event.event_type), " of ", quoted(event.actor_id), " (version ",
                event.version, ", position ", event.position, ")");
}

/// What a fault within the model, and not of an event, would say.
bool is_of_the_model(const Error& error) {
  return error.position == 0 && (error.code == Errc::corrupt || error.code == Errc::closed ||
                                 error.code == Errc::permission_denied);
}

}  // namespace

Feeder::Feeder(ReadModel& model, Projection projection, const ProjectorOptions& options,
               const Clock& clock, FeedObserver& observer)
    : model_(model),
      projection_(std::move(projection)),
      options_(options),
      clock_(clock),
      observer_(observer) {}

Result<void> Feeder::load() {
  auto state = model_.load(projection_);
  if (!state) return std::unexpected(std::move(state.error()));
  state_ = std::move(*state);
  learn_parked();
  observer_.loaded(state_);
  return {};
}

void Feeder::learn_parked() {
  parked_actors_.clear();
  for (const ParkedEvent& one : state_.parked) parked_actors_.insert(one.actor_id);
  observer_.parked(state_.parked);
}

Result<void> Feeder::feed(std::span<const EventPtr> events) {
  todo_.assign(1, events);
  failures_.clear();
  given_up_.clear();
  auto wait = options_.first_retry;
  while (!todo_.empty()) {
    const Part part = todo_.back();
    todo_.pop_back();
    if (part.empty()) continue;
    const auto attempted = attempt(part);
    if (attempted) {
      wait = options_.first_retry;
      continue;
    }
    const Error& error = attempted.error();
    const Verdict verdict = judge(error);
    if (verdict == Verdict::over) return attempted;
    if (verdict == Verdict::one_event && part.size() > 1) {
      divide(part, error);
      continue;
    }
    todo_.push_back(part);
    if (verdict == Verdict::one_event) {
      // It was only to be parked: that is no event's fault, and would fail again and again.
      if (given_up_.contains(part.front()->position)) return attempted;
      const unsigned failed = ++failures_[part.front()->position];
      if (failed >= options_.max_attempts) {
        give_up(part.front(), error, failed);
        continue;
      }
    }
    if (auto paused = observer_.pause(error, wait); !paused) return paused;
    wait = std::min(wait * 2, options_.last_retry);
  }
  return {};
}

Feeder::Verdict Feeder::judge(const Error& error) const {
  if (error.code == Errc::unavailable) return Verdict::again;
  if (error.position != 0) return Verdict::one_event;
  if (error.code == Errc::outcome_unknown) return Verdict::again;  // done already: a conflict
  if (error.code == Errc::version_conflict || is_of_the_model(error)) return Verdict::over;
  return Verdict::one_event;
}

/// Where the event is known that failed, those before it are applied first, and it is tried alone;
/// else halves are.
void Feeder::divide(Part part, const Error& error) {
  const auto found = std::ranges::find_if(
      part, [&](const EventPtr& event) { return event->position == error.position; });
  const auto at = static_cast<std::size_t>(found - part.begin());
  if (found == part.end()) {
    todo_.push_back(part.subspan(part.size() / 2));
    todo_.push_back(part.first(part.size() / 2));
    return;
  }
  ++failures_[error.position];
  todo_.push_back(part.subspan(at + 1));
  todo_.push_back(part.subspan(at, 1));
  todo_.push_back(part.first(at));
}

void Feeder::give_up(const EventPtr& event, const Error& error, unsigned attempts) {
  ParkedEvent parked = parked_event(event);
  parked.error = shortened(error.message);
  parked.attempts = attempts;
  observer_.say(LogLevel::error, concat("parked ", name_of(parked), " after ", attempts,
                                        " attempts, and later events of its actor with it, until "
                                        "it is retried or dropped: ",
                                        parked.error));
  given_up_.emplace(event->position, std::move(parked));
}

ParkedEvent Feeder::parked_event(const EventPtr& event) const {
  return {.position = event->position,
          .actor_id = event->actor_id,
          .version = event->version,
          .event_id = event->id,
          .event_type = event->event_type,
          .parked_at = clock_.now()};
}

Result<void> Feeder::attempt(Part part) {
  std::vector<EventPtr> events;
  std::vector<ParkedEvent> park;
  std::set<std::string_view> newly;  // parked by this step
  events.reserve(part.size());
  for (const EventPtr& event : part) {
    if (state_.dropped.contains(event->id)) continue;
    if (const auto failed = given_up_.find(event->position); failed != given_up_.end()) {
      park.push_back(failed->second);
      newly.insert(event->actor_id);
    } else if (parked_actors_.contains(event->actor_id) || newly.contains(event->actor_id)) {
      park.push_back(parked_event(event));
    } else {
      events.push_back(event);
    }
  }
  if (!park.empty() && state_.parked.size() + park.size() > options_.max_parked) {
    return fail(Errc::closed, concat("the projection ", quoted(projection_.name),
                                     " would have more than ", options_.max_parked,
                                     " events parked: mend its handler, retry them, and "
                                     "start it again. The first waits at position ",
                                     state_.parked.empty() ? park.front().position
                                                           : state_.parked.front().position));
  }
  const StoredEvent& last = *part.back();
  auto applied =
      apply({.revision = state_.revision,
             .events = events,
             .park = park,
             .reached = {
                 .position = last.position, .event_position = last.position, .event_id = last.id}});
  if (!applied) return applied;
  observer_.applied(state_, events.size());
  return applied;
}

Result<void> Feeder::apply(const Batch& batch) {
  const auto revision = model_.apply(projection_, batch);
  if (!revision) return std::unexpected(revision.error());
  state_.revision = *revision;
  state_.checkpoint = batch.reached;
  if (batch.park.empty() && batch.unpark.empty()) return {};
  update_parked(state_.parked, batch.unpark, batch.park);
  learn_parked();
  return {};
}

Result<void> Feeder::pass(Position position) {
  Checkpoint reached = state_.checkpoint;
  reached.position = std::max(reached.position, position);
  if (auto applied = apply({.revision = state_.revision, .reached = reached}); !applied) {
    return applied;
  }
  observer_.applied(state_, 0);
  return {};
}

Result<void> Feeder::retry(EventStore& store, std::string_view actor_id) {
  if (!parked_actors_.contains(actor_id)) {
    return fail(Errc::not_found, concat("the projection ", quoted(projection_.name),
                                        " has parked no event of ", quoted(actor_id)));
  }
  const std::vector<ParkedEvent> parked = state_.parked;  // the list changes meanwhile
  for (const ParkedEvent& one : parked) {
    if (one.actor_id != actor_id) continue;
    if (auto retried = retry_one(store, one); !retried) return retried;
  }
  return {};
}

Result<void> Feeder::retry_one(EventStore& store, const ParkedEvent& parked) {
  const auto read = store.read(parked.actor_id, {.from_version = parked.version, .limit = 1});
  if (!read) return std::unexpected(read.error());
  const bool is_there = !read->empty() && read->front()->id == parked.event_id;
  auto applied = is_there ? apply_parked(read->front())
                          : fail(Errc::not_found, concat("the parked event ", name_of(parked),
                                                         " is not in the store any more: drop it"));
  if (applied) return applied;
  if (judge(applied.error()) != Verdict::one_event) return applied;
  ParkedEvent again = parked;
  again.error = shortened(applied.error().message);
  ++again.attempts;
  const auto kept = apply(
      {.revision = state_.revision, .park = std::span(&again, 1), .reached = state_.checkpoint});
  return kept ? applied : kept;
}

Result<void> Feeder::apply_parked(const EventPtr& event) {
  const Position position = event->position;
  auto applied = apply({.revision = state_.revision,
                        .events = std::span(&event, 1),
                        .unpark = std::span(&position, 1),
                        .reached = state_.checkpoint});
  if (applied) observer_.applied(state_, 1);
  return applied;
}

Result<void> Feeder::drop(Position position) {
  const auto found = std::ranges::find(state_.parked, position, &ParkedEvent::position);
  if (found == state_.parked.end()) {
    return fail(Errc::not_found, concat("the projection ", quoted(projection_.name),
                                        " has no event parked at position ", position));
  }
  observer_.say(LogLevel::warning, concat("dropped the parked event ", name_of(*found)));
  auto applied = apply({.revision = state_.revision,
                        .unpark = std::span(&position, 1),
                        .reached = state_.checkpoint});
  if (applied) observer_.applied(state_, 0);
  return applied;
}

}  // namespace aether
