// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/observer.hpp"
#include "aether/core/time.hpp"
#include "aether/nats/registry.hpp"
#include "interruption.hpp"
#include "nats_connection.hpp"
#include "open_cluster.hpp"
#include "table.hpp"
#include "text.hpp"
#include "verbs.hpp"
#include "wakeup.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{20};

Error interrupted() { return {.code = Errc::closed, .message = "interrupted"}; }

}  // namespace

std::expected<std::shared_ptr<Registry>, Failure> open_cluster(const Session& session,
                                                               milliseconds timeout) {
  const auto url = parse_store_url(session.store_url);
  if (!url) return std::unexpected(Failure(url.error()));
  if (!url->nats) {
    return std::unexpected(Failure(Error{.code = Errc::unsupported,
                                         .message = "a cluster's nodes agree through NATS, and " +
                                                    shown_url(session.store_url) +
                                                    " is not there: use nats://HOST/NAMESPACE"}));
  }
  auto connection = connect(
      *url->nats, {.signals = session.signals, .timeout = timeout, .log = session.console.log()});
  if (!connection) return std::unexpected(std::move(connection.error()));
  auto opened = unless_interrupted(
      session.signals, [connection = *connection, ns = url->nats->name_space, timeout] {
        return nats::open_registry(connection, ns, {.create = false, .timeout = timeout});
      });
  if (!opened) return std::unexpected(Failure(interrupted()));
  if (*opened) return std::move(**opened);
  Failure failure(std::move(opened->error()));
  if (failure.error.code == Errc::not_found) {
    failure.error.message =
        "the namespace \"" + url->nats->name_space.text() + "\" has no cluster yet";
    failure.advice = "Is the namespace right? The first node makes what a cluster needs.";
  }
  return std::unexpected(std::move(failure));
}

namespace {

/// One who has looked for long enough to tell who is there from who was.
std::expected<std::unique_ptr<Observer>, Failure> look(const Session& session,
                                                       const std::string& election,
                                                       milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  auto registry = open_cluster(session, timeout);
  if (!registry) return std::unexpected(std::move(registry.error()));
  auto scheduler = make_scheduler();
  if (!scheduler) return std::unexpected(Failure(std::move(scheduler.error())));
  auto observer = Observer::make(std::move(*registry), std::move(*scheduler),
                                 {.election = election, .log = session.console.log()}, {});
  if (!observer) return std::unexpected(Failure(std::move(observer.error())));
  const std::array<int, 1> inputs{session.signals.fd()};
  while (!(*observer)->is_settled()) {
    if (wait_for_any(inputs, -1, kLook)) return std::unexpected(Failure(interrupted()));
    if (Clock::now() < deadline) continue;
    return std::unexpected(Failure(Error{.code = Errc::unavailable,
                                         .message = "it did not become clear within " +
                                                    std::to_string(timeout.count()) +
                                                    " ms who is there: does the server answer?"}));
  }
  return std::move(*observer);
}

std::string text_of(MemberState state) { return state == MemberState::up ? "up" : "leaving"; }

std::string labels_text(const Node& node) {
  std::string text;
  for (const auto& [name, value] : node.labels) {
    text += (text.empty() ? "" : " ") + escape(name) + "=" + escape(value);
  }
  return text;
}

std::string load_text(double load) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), load).ptr;
  return {text.data(), end};
}

Json json_of(const Member& member) {
  return {{"node", member.node.id},
          {"address", member.node.address},
          {"state", text_of(member.state)},
          {"load", member.node.load},
          {"labels", Json(member.node.labels)},
          {"tenure", member.tenure},
          {"revision", member.revision}};
}

std::string_view text_of(MemberEvent::Kind kind) {
  switch (kind) {
    case MemberEvent::Kind::joined:
      return "joined";
    case MemberEvent::Kind::updated:
      return "updated";
    case MemberEvent::Kind::left:
      return "left";
    case MemberEvent::Kind::expired:
      return "expired";
  }
  return "";
}

/// Prints what an observer tells, a line for each, on its scheduler.
class Report {
 public:
  explicit Report(Console& console) : console_(console) {}

  Observer::Watcher watcher() {
    return {.on_member =
                [this](const MemberEvent& event) {
                  Json object = json_of(event.member);
                  const Member& member = event.member;
                  say(text_of(event.kind),
                      escape(member.node.id) + "  " + escape(member.node.address) + "  " +
                          text_of(member.state) + "  " + load_text(member.node.load) + "  " +
                          labels_text(member.node),
                      std::move(object));
                },
            .on_leader =
                [this](const std::optional<Observer::Leader>& leader) {
                  const std::string id = leader ? leader->id : "";
                  say("leader", leader ? escape(id) : "(nobody)", {{"leader", id}});
                },
            .on_live =
                [this](bool live) {
                  say(live ? "live" : "behind",
                      live ? "what follows is told as it happens"
                           : "what is told now may be late, or missing",
                      Json::object());
                }};
  }

 private:
  void say(std::string_view what, std::string text, Json object) {
    const std::string now = format_timestamp(system_clock().now());
    if (console_.json()) {
      Json line{{"time", now}, {"event", what}};
      line.update(object);
      console_.say_json(line);
    } else {
      constexpr std::size_t kWidth = 9;
      std::string kind(what);
      kind.resize(kWidth, ' ');
      text.erase(text.find_last_not_of(' ') + 1);
      console_.say(now.substr(0, now.find('.')) + "Z  " + kind + text);
    }
    console_.out().flush();
  }

  Console& console_;
};

}  // namespace

Outcome run(const ClusterMembers& verb, const Session& session) {
  const auto observer = look(session, "leader", verb.timeout);
  if (!observer) return std::unexpected(observer.error());
  const auto leader = (*observer)->leader();
  Console& console = session.console;
  Table table(console.out(), console.style(),
              {{.title = "NODE"},
               {.title = "ADDRESS"},
               {.title = "STATE"},
               {.title = "LOAD", .align = Column::Align::right},
               {.title = "LEADS"},
               {.title = "LABELS"}});
  for (const Member& member : (*observer)->members()) {
    const bool leads = leader && leader->id == member.node.id;
    if (console.json()) {
      Json object = json_of(member);
      object["leads"] = leads;
      console.say_json(object);
    } else {
      table.add({escape(member.node.id), escape(member.node.address), text_of(member.state),
                 load_text(member.node.load), leads ? "yes" : "", labels_text(member.node)});
    }
  }
  table.settle();
  if ((*observer)->members().empty() && !console.json()) console.say("No members.");
  return ExitCode::ok;
}

Outcome run(const ClusterLeader& verb, const Session& session) {
  const auto observer = look(session, verb.name, verb.timeout);
  if (!observer) return std::unexpected(observer.error());
  const auto leader = (*observer)->leader();
  if (!leader) {
    return std::unexpected(Error{.code = Errc::not_found,
                                 .message = "nobody holds \"" + escape(verb.name) + "\" now"});
  }
  if (session.console.json()) {
    session.console.say_json({{"name", verb.name},
                              {"leader", leader->id},
                              {"tenure", leader->tenure},
                              {"revision", leader->revision}});
  } else {
    session.console.say(escape(leader->id));
  }
  return ExitCode::ok;
}

Outcome run(const ClusterWatch& verb, const Session& session) {
  auto registry = open_cluster(session, verb.timeout);
  if (!registry) return std::unexpected(std::move(registry.error()));
  auto scheduler = make_scheduler();
  if (!scheduler) return std::unexpected(std::move(scheduler.error()));
  Report report(session.console);
  auto observer = Observer::make(std::move(*registry), std::move(*scheduler),
                                 {.log = session.console.log()}, report.watcher());
  if (!observer) return std::unexpected(std::move(observer.error()));
  const std::array<int, 1> inputs{session.signals.fd()};
  wait_for_any(inputs, STDOUT_FILENO, kForEver);
  observer->reset();
  const int signal = session.signals.caught();
  return signal == 0 ? ExitCode::ok : exit_code_of_signal(signal);
}

}  // namespace aether::cli
