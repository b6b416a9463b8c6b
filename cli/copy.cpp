// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/url.hpp"
#include "copier.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace aether::cli {
namespace {

std::string advise(const Error& error) {
  switch (error.code) {
    case Errc::unsupported:
      return "With --new-chains such actors are copied from there on, with chains of their own.";
    case Errc::unavailable:
    case Errc::outcome_unknown:
      return "Give the same command again: it goes on from there.";
    default:
      return {};
  }
}

Failure explain(Error error, const CopyReport& report, const Session& session) {
  const std::string so_far = count_of(report.copied, "event") + " copied.";
  if (session.signals.caught() != 0) {
    Failure failure(Error{.code = Errc::closed, .message = "interrupted"});
    failure.advice = so_far + " The same command, given again, goes on from there.";
    return failure;
  }
  Failure failure(std::move(error));
  const std::string advice = advise(failure.error);
  failure.advice = so_far + (advice.empty() ? "" : " ") + advice;
  return failure;
}

std::string summary_of(const CopyReport& report) {
  std::string text = count_of(report.events, "event") + " of " + count_of(report.actors, "actor") +
                     ", up to position " + std::to_string(report.position) + ": " +
                     count_of(report.copied, "event") + " copied, " +
                     count_of(report.events - report.copied, "event") + " there already. ";
  if (report.new_chains == 0) {
    text += "Read back, every chain is the same.";
  } else {
    text += "Read back, every chain is the same but for " + count_of(report.new_chains, "actor") +
            " whose first events are gone: they have new ones.";
  }
  if (report.shortened > 0) {
    text += " Of " + count_of(report.shortened, "actor") +
            " the first events are gone from TO, by its retention.";
  }
  return text;
}

void print(const CopyReport& report, Console& console) {
  const std::string summary = summary_of(report);
  console.did(summary);
  if (!console.json()) return console.say(summary);
  console.say_json({{"events", report.events},
                    {"actors", report.actors},
                    {"position", report.position},
                    {"copied", report.copied},
                    {"newChains", report.new_chains},
                    {"shortened", report.shortened}});
}

/// The line on the terminal begins anew with each stage.
class Stages {
 public:
  void show(std::string_view stage, const Advance& advance) {
    if (!progress_ || stage != stage_) {
      progress_.reset();
      stage_ = stage;
      progress_.emplace(stage_, "event");
    }
    progress_->update(advance);
  }
  void clear() { progress_.reset(); }

 private:
  std::string stage_;
  std::optional<Progress> progress_;
};

Failure of_store(Failure failure, std::string_view name) {
  failure.error.message = std::string(name) + ": " + failure.error.message;
  return failure;
}

}  // namespace

Outcome run(const Copy& verb, const Session& session) {
  // Both, before anything is opened or made.
  if (auto url = parse_store_url(verb.from); !url) {
    return std::unexpected(of_store(std::move(url.error()), "FROM"));
  }
  if (auto url = parse_store_url(verb.to); !url) {
    return std::unexpected(of_store(std::move(url.error()), "TO"));
  }
  auto from = open_store(
      verb.from,
      {.signals = session.signals, .timeout = verb.timeout, .log = session.console.log()});
  if (!from) return std::unexpected(of_store(std::move(from.error()), "FROM"));
  auto to = session.open_to_write(verb.timeout, verb.to);
  if (!to) return std::unexpected(of_store(std::move(to.error()), "TO"));
  if (!from->identity.empty() && from->identity == to->identity) {
    return std::unexpected(Failure(Error{
        .code = Errc::invalid_argument,
        .message = "FROM and TO are the same store, " + shown_url(verb.from) + ": name two"}));
  }

  Stages stages;
  Copier copier(*from->events, *to->events,
                {.mixed_commits = to->mixed_commits,
                 .max_commit_bytes = to->max_commit_bytes,
                 .new_chains = verb.new_chains,
                 .stop = session.signals.token(),
                 .progress = [&stages](std::string_view stage, std::uint64_t done,
                                       Position position, Position end) {
                   stages.show(stage, {.done = done, .part = position, .whole = end});
                 }});
  auto report = copier.run();
  stages.clear();
  if (!report) {
    return std::unexpected(explain(std::move(report.error()), copier.report(), session));
  }
  print(*report, session.console);
  return ExitCode::ok;
}

}  // namespace aether::cli
