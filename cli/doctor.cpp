// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/doctor.hpp"

#include "interruption.hpp"
#include "monitoring.hpp"
#include "nats_connection.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;
using nats::Check;
using nats::Examination;
using nats::Verdict;

void print_json(const Examination& examination, Console& console) {
  Json checks = Json::array();
  for (const Check& check : examination.checks) {
    Json object{
        {"check", check.what}, {"verdict", nats::to_string(check.verdict)}, {"found", check.found}};
    if (!check.advice.empty()) object["advice"] = check.advice;
    checks.push_back(std::move(object));
  }
  console.say_json({{"healthy", examination.verdict() != Verdict::problem},
                    {"verdict", nats::to_string(examination.verdict())},
                    {"checks", std::move(checks)}});
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// No table, for its last column would be cut at a terminal's edge, and here each word counts.
void print_lines(const Examination& examination, Console& console) {
  constexpr std::size_t kVerdictWidth = 9;
  std::size_t width = 0;
  for (const Check& check : examination.checks) width = std::max(width, check.what.size() + 2);
  std::uint64_t problems = 0;
  std::uint64_t notes = 0;
  for (const Check& check : examination.checks) {
    const bool is_problem = check.verdict == Verdict::problem;
    const std::string verdict =
        is_problem ? "PROBLEM" : std::string(nats::to_string(check.verdict));
    console.say(padded(verdict, kVerdictWidth) + padded(check.what, width) + escape(check.found),
                is_problem ? Ink::red : Ink::plain);
    if (!check.advice.empty()) {
      console.say(std::string(kVerdictWidth + width, ' ') + escape(check.advice));
    }
    if (is_problem) ++problems;
    if (check.verdict == Verdict::note) ++notes;
  }
  console.say(count_of(problems, "problem") + " and " + count_of(notes, "note") + " in " +
              count_of(examination.checks.size(), "check") + ".");
}

}  // namespace

Outcome run(const Doctor& verb, const Session& session) {
  if (session.store_url.empty()) return std::unexpected(session.open().error());
  auto parsed = parse_store_url(session.store_url);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (parsed->kind != StoreUrl::Kind::nats) {
    Failure failure(Error{.code = Errc::unsupported,
                          .message = "the doctor is for stores on NATS, and " +
                                     shown_url(session.store_url) + " is none"});
    failure.advice = "`aether verify` looks into any store, and into a database's file.";
    return std::unexpected(std::move(failure));
  }
  const NatsUrl& url = *parsed->nats;

  nats::ExamineOptions options{.timeout = verb.timeout};
  for (const std::string& monitor : verb.monitors) {
    auto body = unless_interrupted(session.signals, [monitor, timeout = verb.timeout] {
      return fetch_monitoring(monitor, timeout);
    });
    if (!body) return std::unexpected(Error{.code = Errc::closed, .message = "interrupted"});
    if (!*body) return std::unexpected(std::move(body->error()));
    options.monitoring.push_back(std::move(**body));
  }
  auto connection = connect(
      url, {.signals = session.signals, .timeout = verb.timeout, .log = session.console.log()});
  if (!connection) return std::unexpected(std::move(connection.error()));

  auto examination =
      unless_interrupted(session.signals, [connection = *connection, ns = url.name_space, options] {
        return nats::examine(*connection, ns, options);
      });
  if (!examination) return std::unexpected(Error{.code = Errc::closed, .message = "interrupted"});
  if (!*examination) return std::unexpected(std::move(examination->error()));
  if (session.console.json()) {
    print_json(**examination, session.console);
  } else {
    print_lines(**examination, session.console);
  }
  return (*examination)->verdict() == Verdict::problem ? ExitCode::integrity : ExitCode::ok;
}

}  // namespace aether::cli
