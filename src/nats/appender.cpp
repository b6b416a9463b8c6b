// SPDX-License-Identifier: Apache-2.0
#include "nats/appender.hpp"

#include "aether/core/uuid.hpp"
#include "aether/store/commit.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"
#include "nats/locate.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <future>
#include <utility>

namespace aether::nats {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Whether this thread is within a completion, which must not wait.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of one thread
thread_local bool is_completing = false;

/// What this thread is to start once it is back from what it does now: so that a row of commits
/// that end at once needs no deep stack.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of one thread
thread_local std::deque<CommitPtr>* to_start = nullptr;

std::unexpected<Error> waited_too_long() {
  return fail(Errc::unavailable,
              "the append waited too long behind others and was not begun: try again later");
}

// Each part was stored, or refused, by itself; who stored the last one says nothing of the others.
std::unexpected<Error> taken_apart() {
  return fail(
      Errc::outcome_unknown,
      "the server knows no atomic batches, other than when the store was opened, and stored "
      "the commit's parts one by one: some may be missing. Read the actors, and open the "
      "store anew");
}

}  // namespace

Appender::Appender(StreamApi& api, AppenderOptions options)
    : api_(api),
      options_(std::move(options)),
      lanes_(options_.lanes),
      heads_(options_.head_cache_actors) {}

Appender::~Appender() { lanes_.close(); }

Result<Appended> Appender::append(std::vector<Event> events, const AppendOptions& options) {
  if (is_completing) {
    return fail(Errc::invalid_argument,
                "an append was called from an append's completion, which would wait for itself: "
                "use append_async there");
  }
  std::promise<Result<Appended>> promise;
  auto outcome = promise.get_future();
  const Deadline deadline = deadline_after(options.timeout);
  const auto commit = std::make_shared<Commit>(
      std::move(events), options.expected_version, deadline,
      [&promise](Result<Appended> result) { promise.set_value(std::move(result)); });
  submit(commit, deadline);
  // What has begun ends by itself at about its deadline.
  if (outcome.wait_until(deadline) != std::future_status::ready) {
    if (auto startable = lanes_.withdraw(commit)) {
      start_all(std::move(*startable));
      return waited_too_long();
    }
  }
  return outcome.get();
}

void Appender::append_async(std::vector<Event> events, const AppendOptions& options,
                            EventStore::Completion done) {
  submit(std::make_shared<Commit>(std::move(events), options.expected_version,
                                  deadline_after(options_.timeout), std::move(done)),
         std::nullopt);
}

void Appender::submit(const CommitPtr& commit, std::optional<Deadline> wait_for_room) {
  const auto refuse = [&](Error error) {
    complete_append(commit->done, std::unexpected(std::move(error)), options_.log);
  };
  if (commit->actors.size() > 1 && !options_.atomic_batch) {
    return refuse(
        {.code = Errc::unsupported,
         .message = "a commit of several actors needs an atomic batch, which this server or stream "
                    "does not have (nats-server 2.12, allow_atomic): append for one actor at a "
                    "time"});
  }
  auto begins = lanes_.enter(commit, wait_for_room, is_completing);
  if (!begins) return refuse(std::move(begins.error()));
  if (*begins) start(commit);
}

// A step ends in the next one, mostly on another thread; `start` keeps a row of ends from nesting.
// NOLINTBEGIN(misc-no-recursion)
void Appender::start(CommitPtr commit) {
  if (to_start != nullptr) return to_start->push_back(std::move(commit));
  std::deque<CommitPtr> row;
  to_start = &row;
  row.push_back(std::move(commit));
  while (!row.empty()) {
    const CommitPtr next = std::move(row.front());
    row.pop_front();
    if (SteadyClock::now() >= next->deadline) {
      end(next, waited_too_long());
    } else {
      load_heads(next);
    }
  }
  to_start = nullptr;
}

void Appender::start_all(std::vector<CommitPtr> commits) {
  for (CommitPtr& commit : commits) start(std::move(commit));
}

void Appender::end(const CommitPtr& commit, Result<Appended> result) {
  const bool was_completing = std::exchange(is_completing, true);
  complete_append(commit->done, std::move(result), options_.log);
  is_completing = was_completing;
  // With the last commit the appender may go, too.
  start_all(lanes_.leave(commit));
}

std::string Appender::subject_of(const std::string& actor_id) const {
  return event_subject(options_.ns, actor_id);
}

/// Remembered heads will do at first; asked for, they come with the actors' last events.
void Appender::load_heads(const CommitPtr& commit) {
  for (std::size_t i = 0; i < commit->actors.size(); ++i) {
    Commit::Known& known = commit->known[i];
    if (known.head) continue;
    if (!commit->is_fresh) {
      const std::scoped_lock lock(mutex_);
      if (const ActorHead* head = heads_.find(commit->actors[i])) {
        known.head = *head;
        continue;
      }
      if (commit->expected_version == Version{0}) {  // a new actor, says who appends; the server
        known.head.emplace();                        // sees whether that is so
        continue;
      }
    }
    return api_.last(
        subject_of(commit->actors[i]), !options_.read_from_leader, commit->time_left(),
        [this, commit, i](ApiResult<StreamApi::Found> found) {
          if (!found) {
            if (is_final(found.error())) {
              return end(commit, std::unexpected(std::move(found.error().error)));
            }
            return retry(commit, &Appender::load_heads, std::move(found.error().error));
          }
          Commit::Known& asked = commit->known[i];
          asked.head.emplace();
          asked.from = 0;
          if (*found) {
            auto events = decode_message(options_.ns, **found, options_.max_json_depth);
            if (!events) return end(commit, std::unexpected(std::move(events.error())));
            asked.head = {.version = events->back()->version,
                          .sequence = (*found)->sequence,
                          .hash = events->back()->hash};
            asked.from = events->front()->version;
            asked.events = std::move(*events);
          }
          load_heads(commit);
        });
  }
  judge(commit);
}

void Appender::judge(const CommitPtr& commit) {
  auto judgement = commit->judge();
  if (judgement && !judgement->stored_already) {
    commit->make_parts(options_.ns, api_.stream(), options_.message_ids);
    return publish(commit);
  }
  if (judgement) {
    return end(commit, Appended{.version = judgement->version,
                                .position = judgement->position,
                                .durability = options_.durability,
                                .stored_already = true});
  }
  if (judgement.error().code == Errc::version_conflict) {
    const bool is_asked = std::ranges::all_of(
        commit->known, [](const Commit::Known& known) { return known.from.has_value(); });
    if (!is_asked) {  // by what is remembered; others may have appended since
      commit->forget();
      commit->is_fresh = true;
      return load_heads(commit);
    }
    if (const auto actor = commit->lacking) {
      commit->known[*actor].events.clear();
      return look_up_repeat(commit, *actor);
    }
  }
  end(commit, std::unexpected(std::move(judgement.error())));
}

/// Where the lacking actor's versions stand that a repeat would have: for the rare repeat of what
/// is not its latest commit.
void Appender::look_up_repeat(const CommitPtr& commit, std::size_t actor) {
  const ActorHead& head = *commit->known[actor].head;
  locate(api_,
         {.subject = subject_of(commit->actors[actor]),
          .version = commit->versions_of(actor).first,
          .end = {.version = head.version, .sequence = head.sequence},
          .direct = false},
         commit->time_left(), [this, commit, actor](ApiResult<Place> before) {
           if (!before) return end(commit, std::unexpected(std::move(before.error().error)));
           commit->known[actor].from = before->version + 1;
           read_repeat(commit, actor, before->sequence + 1);
         });
}

void Appender::read_repeat(const CommitPtr& commit, std::size_t actor, std::uint64_t sequence) {
  api_.next(subject_of(commit->actors[actor]), sequence, false, commit->time_left(),
            [this, commit, actor](ApiResult<StreamApi::Found> found) {
              Commit::Known& known = commit->known[actor];
              if (!found) return end(commit, std::unexpected(std::move(found.error().error)));
              if (!*found) return judge(commit);
              auto events = decode_message(options_.ns, **found, options_.max_json_depth);
              if (!events) return end(commit, std::unexpected(std::move(events.error())));
              const bool is_all = events->back()->version >= commit->versions_of(actor).last;
              std::ranges::move(*events, std::back_inserter(known.events));
              if (is_all) return judge(commit);
              if (SteadyClock::now() >= commit->deadline) {
                return end(commit, fail(Errc::unavailable,
                                        "the actor's history could not be read in time: nothing "
                                        "was stored; try again later"));
              }
              read_repeat(commit, actor, (*found)->sequence + 1);
            });
}

void Appender::publish(const CommitPtr& commit) {
  // Part by part in one connection; the server answers the last one, which commits them all.
  const std::string batch = commit->parts.size() > 1 ? make_uuid_v7() : "";
  const auto timeout = commit->time_left();
  std::vector<std::string_view> others;
  for (std::size_t i = 0; i < commit->parts.size(); ++i) {
    const Commit::Part& part = commit->parts[i];
    const bool is_last = i + 1 == commit->parts.size();
    std::vector<Header> headers;
    headers.reserve(part.message.headers.size() + 3);
    for (const auto& [name, value] : part.message.headers) {
      headers.push_back({.name = name, .value = value});
    }
    const std::string number = concat(i + 1);
    if (!batch.empty()) {
      headers.push_back({.name = "Nats-Batch-Id", .value = batch});
      headers.push_back({.name = "Nats-Batch-Sequence", .value = number});
      if (is_last) headers.push_back({.name = "Nats-Batch-Commit", .value = "1"});
    }
    if (is_last) {
      return api_.publish(
          part.message.subject, headers, part.message.body, timeout,
          [this, commit](ApiResult<Stored> stored) { on_published(commit, std::move(stored)); },
          others);
    }
    others.push_back(part.message.subject);
    if (auto sent = api_.publish_silently(part.message.subject, headers, part.message.body);
        !sent) {
      return on_published(commit, std::unexpected(ApiError{.error = std::move(sent.error())}));
    }
  }
}

void Appender::on_published(const CommitPtr& commit, ApiResult<Stored> stored_reply) {
  if (stored_reply && commit->parts.size() > 1 &&
      stored_reply->batch_count != commit->parts.size()) {
    return end(commit, taken_apart());
  }
  if (stored_reply && !stored_reply->is_duplicate) return stored(commit, stored_reply->sequence);
  if (stored_reply) {
    commit->maybe_stored = true;
    return settle_all(commit);
  }
  ApiError& error = stored_reply.error();
  // What is no JSON of a stream's is no stream's answer: somebody else who listens there was
  // quicker.
  const bool is_others = error.error.code == Errc::corrupt && error.code == ApiCode::none;
  if (error.error.code == Errc::outcome_unknown || is_others) {
    commit->maybe_stored = true;
    commit->is_only_refused = false;
    return settle_all(commit);
  }
  if (error.error.code == Errc::unavailable && error.code == ApiCode::none) {
    return retry(commit, &Appender::publish, std::move(error.error));  // nobody took it
  }
  const bool is_denied = error.error.code == Errc::permission_denied && commit->is_only_refused;
  if (is_denied || (is_final(error) && !commit->maybe_stored)) {
    return end(commit, std::unexpected(std::move(error.error)));
  }
  commit->is_only_refused = !commit->maybe_stored || commit->is_only_refused;
  commit->maybe_stored = true;  // although it was refused: see settle_absent
  settle_all(commit);
}

void Appender::retry(const CommitPtr& commit, void (Appender::*step)(const CommitPtr&),
                     Error reason) {
  const bool is_hopeless = reason.code == Errc::closed || reason.code == Errc::permission_denied;
  if (is_hopeless || SteadyClock::now() + commit->pause + kShortestTry >= commit->deadline) {
    {
      const std::scoped_lock lock(mutex_);
      for (const std::string& actor : commit->actors) heads_.erase(actor);
    }
    const bool is_denied = reason.code == Errc::permission_denied && commit->is_only_refused;
    if (commit->maybe_stored && !is_denied) {
      return end(commit, fail(Errc::outcome_unknown,
                              concat("it is not known whether the commit is stored: read the "
                                     "actor, or append the same events (same ids and versions) "
                                     "again (the last try: ",
                                     reason.message, ")")));
    }
    if (is_hopeless) return end(commit, std::unexpected(std::move(reason)));
    return end(commit, fail(Errc::unavailable,
                            concat("the commit could not be stored in time, and nothing was "
                                   "stored: try again later (the last try: ",
                                   reason.message, ")")));
  }
  const auto pause = commit->pause;
  commit->pause = std::min(pause * 2, kLongestPause);
  api_.requests().after(pause, [this, commit, step] { (this->*step)(commit); });
}

void Appender::stored(const CommitPtr& commit, std::uint64_t last_sequence) {
  const std::uint64_t first = last_sequence - (commit->parts.size() - 1);
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < commit->parts.size(); ++i) {
      const Commit::Part& part = commit->parts[i];
      heads_.insert(commit->actors[part.actor],
                    {.version = commit->events[part.first + part.count - 1].version,
                     .sequence = first + i,
                     .hash = part.message.hash});
    }
    heads_.trim();
  }
  end(commit, Appended{.version = commit->events.back().version,
                       .position = position_of(last_sequence, commit->parts.back().count - 1),
                       .durability = options_.durability});
}

// NOLINTEND(misc-no-recursion)

}  // namespace aether::nats
