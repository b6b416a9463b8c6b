// SPDX-License-Identifier: Apache-2.0
#include "aether/store/audit.hpp"

#include "input.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <utility>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<std::optional<Digest>> read_digest(const std::string& given, const Session& session) {
  if (given.empty()) return std::nullopt;
  std::string text = given;
  if (given.starts_with('@')) {
    auto file = read_input(given, session.signals.fd());
    if (!file) return std::unexpected(std::move(file.error()));
    text = trim(*file);
  }
  auto digest = parse_digest(text);
  if (!digest) return std::unexpected(std::move(digest.error()));
  return std::optional(std::move(*digest));
}

AuditOptions options_of(Progress& progress, const Session& session) {
  return {.progress = [&progress](std::uint64_t events) { progress.update({.done = events}); },
          .stop = session.signals.token()};
}

void print_json(const AuditReport& report, Console& console) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"actorId", finding.actor_id},
                        {"version", as_stored(finding.version)},
                        {"position", as_stored(finding.position)},
                        {"what", finding.what}});
  }
  Json shortened = Json::array();
  for (const Shortened& one : report.shortened) {
    shortened.push_back({{"actorId", one.actor_id},
                         {"version", as_stored(one.version)},
                         {"position", as_stored(one.position)}});
  }
  console.say_json({{"intact", report.finding_count == 0},
                    {"events", report.events},
                    {"actors", report.actors},
                    {"chained", report.chained},
                    {"findingCount", report.finding_count},
                    {"findings", std::move(findings)},
                    {"shortenedCount", report.shortened_count},
                    {"shortened", std::move(shortened)},
                    {"digest", format_digest(report.digest)}});
}

std::string or_dash(std::uint64_t number) {
  return number == 0 ? "-" : std::to_string(as_stored(number));
}

std::string summary_of(const AuditReport& report, bool against) {
  const std::string all =
      count_of(report.events, "event") + " of " + count_of(report.actors, "actor");
  if (report.finding_count == 0) {
    const std::string checked = report.chained ? ": every chain is intact"
                                               : ": in order; this "
                                                 "store keeps no audit chain to check";
    return all + checked + (against ? ", and all is as the digest says." : ".");
  }
  const std::uint64_t hidden = report.finding_count - report.findings.size();
  return count_of(report.finding_count, "finding") + " in " + all +
         (hidden == 0 ? "." : "; " + count_of(hidden, "more finding") + " not shown (--limit).");
}

/// What retention has removed, which is no finding.
void print_shortened(const AuditReport& report, Console& console) {
  for (const Shortened& one : report.shortened) {
    console.say("\"" + escape(one.actor_id) + "\" is there from version " +
                std::to_string(as_stored(one.version)) +
                " on: the store's retention has removed what stood before.");
  }
  const std::uint64_t hidden = report.shortened_count - report.shortened.size();
  if (hidden > 0) console.say("So are " + count_of(hidden, "more actor") + ".");
}

void print_table(const AuditReport& report, bool against, Console& console) {
  constexpr auto kRight = Column::Align::right;
  Table table(console.out(), console.style(),
              {{.title = "ACTOR"},
               {.title = "VERSION", .align = kRight},
               {.title = "POSITION", .align = kRight},
               {.title = "FINDING"}});
  for (const Finding& finding : report.findings) {
    table.add({finding.actor_id.empty() ? "-" : escape(finding.actor_id), or_dash(finding.version),
               or_dash(finding.position), escape(finding.what)},
              Ink::red);
  }
  table.settle();
  print_shortened(report, console);
  console.say(summary_of(report, against));
}

}  // namespace

Outcome run(const Verify& verb, const Session& session) {
  auto against = read_digest(verb.against, session);
  if (!against) return std::unexpected(std::move(against.error()));
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  Progress progress("verify", "event");
  AuditOptions options = options_of(progress, session);
  options.against = std::move(*against);
  options.max_findings = verb.limit;
  const auto report = verify(*store->events, options);
  progress.clear();
  if (!report) return std::unexpected(report.error());

  if (session.console.json()) {
    print_json(*report, session.console);
  } else {
    print_table(*report, options.against.has_value(), session.console);
  }
  return report->finding_count == 0 ? ExitCode::ok : ExitCode::integrity;
}

Outcome run(const MakeDigest& verb, const Session& session) {
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  Progress progress("digest", "event");
  const auto digest = make_digest(*store->events, options_of(progress, session), verb.at);
  progress.clear();
  if (!digest) return std::unexpected(digest.error());

  if (session.console.json()) {
    session.console.say_json({{"digest", format_digest(*digest)},
                              {"position", digest->position},
                              {"actorId", digest->actor_id},
                              {"version", digest->version},
                              {"root", to_hex(digest->root)}});
  } else {
    session.console.say(format_digest(*digest));
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
