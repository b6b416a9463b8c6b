// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "nats/doctor_verdicts.hpp"
#include "nats/stream_config.hpp"

#include <algorithm>
#include <chrono>

namespace aether::nats {

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// The servers that hold the events, as far as one can know.
std::vector<std::string> holders(const Facts& facts) {
  std::vector<std::string> names;
  const StreamInfo& info = *facts.events;
  for (const StreamPeer& peer : info.peers) names.push_back(peer.name);
  // A server that is alone calls itself by its name, or by its id, or says nothing.
  names.push_back(info.peers.empty() || info.leader.empty() ? facts.server.name : info.leader);
  return names;
}

void judge_sync(const Facts& facts, Verdicts& verdicts) {
  constexpr std::string_view kHow =
      "Set sync_interval: always in the jetstream block of each server (from 2.10 on), if power "
      "may "
      "fail for all at once.";
  std::vector<std::string> always;
  std::vector<std::string> lazy;
  for (const auto& server : facts.servers) {
    if (!server) {
      verdicts.note("sync", server.error().message, "Give the URL of a server's monitoring port.");
      continue;
    }
    (server->always ? always : lazy).push_back(server->name);
  }
  if (!lazy.empty()) {
    return verdicts.note(
        "sync",
        concat("acknowledged before it is on the disk, which may take two minutes: ", joined(lazy)),
        std::string(kHow));
  }
  std::vector<std::string> unseen;
  for (const std::string& name : holders(facts)) {
    if (std::ranges::find(always, name) == always.end()) unseen.push_back(name);
  }
  if (!unseen.empty()) {
    return verdicts.note(
        "sync", concat("it is not known whether these wait for their disks: ", joined(unseen)),
        concat("Ask the monitoring port of each. ", kHow));
  }
  verdicts.ok("sync", concat("acknowledged when it is on the disk: ", joined(always)));
}

void judge_storage(const Facts& facts, Verdicts& verdicts) {
  if (facts.events->config.storage != "memory") {
    return judge_sync(facts, verdicts);
  }
  verdicts.note("storage", "the events are in memory only",
                "Make a stream in files, if events are to outlive the servers that hold them.");
}

void judge_excess(const Facts& facts, const Namespace& ns, Verdicts& verdicts) {
  if (!facts.rights) {
    return verdicts.ok("rights beyond",
                       "not known: the server did not tell (from 2.10 on, where the user may send "
                       "to $SYS.REQ.USER.INFO)");
  }
  std::vector<std::string> excess;
  for (const std::string verb : {"DELETE", "PURGE", "UPDATE", "MSG.DELETE"}) {
    if (facts.rights->may_publish(concat("$JS.API.STREAM.", verb, ".", event_stream_name(ns)))) {
      excess.push_back("STREAM." + verb);
    }
  }
  if (excess.empty()) {
    return verdicts.ok("rights beyond", "the user can neither remove nor change the stream");
  }
  verdicts.note("rights beyond", concat("the user may also ", joined(excess)),
                "Give programs a user as in docs/nats-permissions.conf.");
}

}  // namespace

void judge_durability(const Facts& facts, Verdicts& verdicts) { judge_storage(facts, verdicts); }

void judge_rights(const Facts& facts, const Namespace& ns, Verdicts& verdicts) {
  constexpr std::string_view kAdvice = "Give the user the rights in docs/nats-permissions.conf.";
  if (facts.denied.empty()) {
    verdicts.ok("reading", "the user may do all that reading takes (tried)");
  } else {
    verdicts.problem("reading", concat("the user may not send to ", joined(facts.denied)),
                     std::string(kAdvice));
  }
  if (!facts.append) {
    verdicts.ok("appending", "not tried");
  } else if (*facts.append) {
    verdicts.ok("appending", "the user may (tried, with a message that is refused)");
  } else if (facts.append->error().code == Errc::permission_denied) {
    verdicts.note("appending", "the user may not: he is a reader", "All is well if that is meant.");
  } else {
    verdicts.problem("appending", facts.append->error().message,
                     "See whether the servers that hold the stream run.");
  }
  if (facts.hears) {
    verdicts.ok("waking", "the user hears of appends (tried)");
  } else {
    verdicts.note("waking",
                  concat("the user may not subscribe to ", event_stream_subjects(ns),
                         ": subscriptions look every 250 ms"),
                  std::string(kAdvice));
  }
  judge_excess(facts, ns, verdicts);
}

}  // namespace aether::nats
