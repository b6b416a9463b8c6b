// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"
#include "aether/store/commit.hpp"
#include "flight.hpp"
#include "input.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace aether::cli {
namespace {

constexpr std::size_t kMaxInFlight = 1'000;  // commits; many enough to share an fsync

/// Appends commits without waiting for each, yet so that none can be stored on top of one that
/// failed: a commit expects the version that the one before it in its actor leads to. Where that
/// is not known it travels alone.
class Importer {
 public:
  explicit Importer(EventStore& store) : store_(store), flight_(store) {}

  void append(std::uint64_t line, std::vector<Event> events) {
    const std::string actor_id = events.front().actor_id;
    const bool one_actor =
        std::ranges::all_of(events, [&](const Event& event) { return event.actor_id == actor_id; });
    const auto latest = one_actor ? latest_version(actor_id) : Result<Version>(0);
    if (!latest) return flight_.refuse(line, latest.error());
    if (one_actor && *latest < events.front().version) {
      heads_[actor_id] = events.back().version;
      flight_.wait_below(kMaxInFlight);
      flight_.send(line, std::move(events), {.expected_version = *latest});
      return;
    }
    // Stored already, or in conflict, or of several actors: the store will say.
    for (const Event& event : events) heads_.erase(event.actor_id);
    flight_.wait_below(1);
    if (flight_.landed().failed) return;
    flight_.send(line, std::move(events), {});
    flight_.wait_below(1);
  }

  /// Waits for all.
  [[nodiscard]] Flight::Landed finish() {
    flight_.wait_below(1);
    return flight_.landed();
  }

  [[nodiscard]] Flight::Landed landed() const { return flight_.landed(); }

 private:
  /// As it will be when all in flight is stored.
  Result<Version> latest_version(const std::string& actor_id) {
    if (const auto head = heads_.find(actor_id); head != heads_.end()) return head->second;
    return store_.latest_version(actor_id);
  }

  EventStore& store_;
  std::unordered_map<std::string, Version> heads_;  // of the actors with all their commits sent
  Flight flight_;
};

/// The commit of one line, checked as the store will: a line that is wrong in itself must not let
/// later ones overtake it.
Result<std::vector<Event>> parse_commit(std::string_view line) {
  auto events = decode_commit(line);
  if (!events) return fail(Errc::invalid_argument, std::move(events.error().message));
  if (auto prepared = prepare_commit(*events, Limits{}, system_clock()); !prepared) {
    return std::unexpected(std::move(prepared.error()));
  }
  return events;
}

std::uint64_t size_of_input() {
  struct stat status{};
  const bool known = ::fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  return known ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Until the end of the input, or the first line that fails.
std::optional<Failure> import_lines(Importer& importer, const Session& session,
                                    Progress& progress) {
  const std::uint64_t input_bytes = size_of_input();
  std::uint64_t consumed = 0;
  const auto show = [&] {
    progress.update({.done = importer.landed().events, .part = consumed, .whole = input_bytes});
  };
  LineReader reader(session.signals.fd(), show);
  while (!importer.landed().failed) {
    const auto next = reader.next();
    if (!next) {
      Failure failure(next.error());
      if (failure.error.code == Errc::too_large) failure.line = reader.line() + 1;
      return failure;
    }
    const std::optional<std::string_view> line = *next;
    if (!line) return std::nullopt;
    consumed = reader.bytes();
    if (trim(*line).empty()) continue;
    auto events = parse_commit(*line);
    if (!events) {
      Failure failure(std::move(events.error()));
      failure.line = reader.line();
      return failure;
    }
    importer.append(reader.line(), std::move(*events));
    show();
  }
  return std::nullopt;
}

}  // namespace

Outcome append_lines(EventStore& store, const Session& session) {
  Importer importer(store);
  Progress progress("append", "event");
  std::optional<Failure> failure = import_lines(importer, session, progress);
  const Flight::Landed landed = importer.finish();
  progress.clear();
  // A line that the store refused comes before the one at which reading stopped.
  if (landed.failed) {
    failure = Failure(landed.failed->error);
    failure->line = landed.failed->tag;
  }
  if (failure) {
    failure->advice = count_of(landed.commits, "line") +
                      " stored. Appending the same lines again "
                      "is safe: none is stored twice.";
    return std::unexpected(std::move(*failure));
  }

  const std::string line = count_of(landed.events, "event") + " in " +
                           count_of(landed.commits, "commit") + ", last position " +
                           std::to_string(landed.position);
  session.console.did("All lines are stored: " + line + ".");
  if (session.console.json()) {
    session.console.say_json(
        {{"commits", landed.commits}, {"events", landed.events}, {"position", landed.position}});
  } else {
    session.console.say(line);
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
