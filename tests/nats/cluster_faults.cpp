// SPDX-License-Identifier: Apache-2.0
#include "nats/cluster_faults.hpp"

#include "nats/patience.hpp"
#include "nats/session.hpp"

#include <algorithm>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace aether::tests {
namespace {

using namespace nlohmann::literals;
using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kPause{1};  // no server takes over before four

struct Pauses {
  std::vector<double> first{};   // seconds until an append that was begun after the fault
  std::vector<double> silent{};  // the longest time without any acknowledgement
};

std::string spread_of(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << std::setw(6) << seconds.front() << " / "
       << std::setw(5) << seconds[seconds.size() / 2] << " / " << std::setw(5) << seconds.back();
  return std::move(text).str();
}

}  // namespace

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::killed:
      return "killed";
    case Fault::stopped:
      return "stopped";
    case Fault::restarted:
      return "killed, back at once";
    case Fault::paused:
      return "stopped for a second";
  }
  return "";
}

LeaderFaults::LeaderFaults(NatsCluster& cluster, std::shared_ptr<nats::Connection> control,
                           std::string stream, std::uint64_t seed)
    : cluster_(cluster), control_(std::move(control)), stream_(std::move(stream)), random_(seed) {}

LeaderFaults::Done LeaderFaults::inflict(Fault fault, const Load& load, std::size_t appends) {
  NatsServer& victim = leader();
  const Time begun = SteadyClock::now();
  switch (fault) {
    case Fault::killed:
      victim.kill_9();
      wait_for_appends(load, begun);
      let_more_be_appended(load, appends / 2);
      victim.restart();
      break;
    case Fault::restarted:
      victim.restart();
      break;
    case Fault::stopped:
      victim.stop_process();
      wait_for_appends(load, begun);
      let_more_be_appended(load, appends / 2);
      victim.continue_process();
      break;
    case Fault::paused:
      victim.stop_process();
      std::this_thread::sleep_for(kPause);  // this is the fault
      victim.continue_process();
      break;
  }
  const Time healed = SteadyClock::now();
  wait_until_whole();
  wait_for_appends(load, healed);
  let_more_be_appended(load, appends / 2);
  return {.fault = fault, .begun = begun};
}

// What the stream's leader says of the group. The servers' own health will not do: it is that of
// all consumers, too, which come and go with each reader.
nlohmann::json LeaderFaults::group() {
  nats::Requests& requests = nats::Session::of(*control_).requests();
  const auto reply = requests.request(
      {.subject = "$JS.API.STREAM.INFO." + stream_, .timeout = std::chrono::seconds(2)});
  if (!reply) return nullptr;
  return nlohmann::json::parse(reply->data()).value("cluster", nlohmann::json());
}

NatsServer& LeaderFaults::leader() {
  NatsServer* found = nullptr;
  const bool is_known = wait_until([&] {
    const auto cluster = group();
    const std::string name = cluster.is_object() ? cluster.value("leader", "") : "";
    for (std::size_t i = 0; i < kClusterSize; ++i) {
      if (cluster_[i].name() == name) found = &cluster_[i];
    }
    return found != nullptr;
  });
  if (!is_known) throw std::runtime_error("the stream has no leader");
  return *found;
}

void LeaderFaults::wait_until_whole() {
  nlohmann::json cluster;
  const bool is_whole = wait_until([&] {
    cluster = group();
    if (!cluster.is_object() || cluster.value("leader", "").empty()) return false;
    const auto replicas = cluster.value("replicas", nlohmann::json::array());
    return replicas.size() + 1 == kClusterSize &&
           std::ranges::all_of(replicas, [](const auto& replica) {
             return replica.value("current", false) && !replica.value("offline", false);
           });
  });
  if (!is_whole) throw std::runtime_error("a replica stays behind: " + cluster.dump());
}

void LeaderFaults::wait_for_appends(const Load& load, Time since) {
  if (wait_until([&] { return load.goes_on_since(since); })) return;
  throw std::runtime_error("nothing was appended for half a minute after a fault");
}

// Not always the same number: so the next thing that happens comes at any moment.
void LeaderFaults::let_more_be_appended(const Load& load, std::size_t appends) {
  const std::size_t enough = load.acknowledged() + appends / 2 + random_() % (appends + 1);
  if (wait_until([&] { return load.acknowledged() >= enough; })) return;
  throw std::runtime_error("appending has nearly stopped after a fault");
}

std::string compare_replicas(nats::Connection& connection, const std::string& stream) {
  nats::Requests& requests = nats::Session::of(connection).requests();
  const auto ask = [&](const std::string& what, const std::string& body) -> nlohmann::json {
    const auto reply = requests.request(
        {.subject = what + "." + stream, .data = body, .timeout = std::chrono::seconds(5)});
    return reply ? nlohmann::json::parse(reply->data()) : nlohmann::json::object();
  };
  std::map<std::string, std::vector<std::string>> messages_of;
  const bool is_complete = wait_until([&] {
    const auto info = ask("$JS.API.STREAM.INFO", "");
    const std::string leader = info.value("/cluster/leader"_json_pointer, "");
    if (leader.empty()) return false;
    auto& messages = messages_of[leader];
    const auto last = info.value("/state/last_seq"_json_pointer, std::uint64_t{0});
    for (std::uint64_t sequence = messages.size() + 1; sequence <= last; ++sequence) {
      const auto got = ask("$JS.API.STREAM.MSG.GET", R"({"seq":)" + std::to_string(sequence) + "}");
      messages.push_back(got.value("message", nlohmann::json()).dump());
    }
    if (messages_of.size() == kClusterSize) return true;
    ask("$JS.API.STREAM.LEADER.STEPDOWN", "");
    return false;
  });
  if (!is_complete) return "not every server would lead the stream";
  const auto& [name, messages] = *messages_of.begin();
  for (const auto& [other_name, other_messages] : messages_of) {
    const auto [mine, theirs] = std::ranges::mismatch(messages, other_messages);
    if (mine == messages.end() && theirs == other_messages.end()) continue;
    return "the replicas differ: " + name + " has " + std::to_string(messages.size()) +
           " messages and " + other_name + " " + std::to_string(other_messages.size()) +
           "; the first that is not the same is number " +
           std::to_string(mine - messages.begin() + 1);
  }
  return "";
}

void report_pauses(std::ostream& out, const std::vector<LeaderFaults::Done>& faults, Time end,
                   std::vector<LoadRecord::Ack> acks) {
  std::ranges::sort(acks, {}, &LoadRecord::Ack::ended);
  std::array<Pauses, kFaultKinds> of_kind;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    Pauses& pauses = of_kind.at(static_cast<std::size_t>(faults[i].fault));
    const Time until = i + 1 < faults.size() ? faults[i + 1].begun : end;
    Time last = faults[i].begun;
    Seconds longest{0};
    std::optional<Seconds> first;
    for (auto ack = std::ranges::lower_bound(acks, last, {}, &LoadRecord::Ack::ended);
         ack != acks.end() && ack->ended <= until; ++ack) {
      longest = std::max(longest, Seconds(ack->ended - last));
      last = ack->ended;
      if (!first && ack->begun >= faults[i].begun) first = last - faults[i].begun;
    }
    pauses.first.push_back(first.value_or(Seconds(-1)).count());
    pauses.silent.push_back(longest.count());
  }
  out << "seconds, least / median / most     first new append       longest silence\n";
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
    const Pauses& pauses = of_kind.at(kind);
    if (pauses.first.empty()) continue;
    out << std::setw(3) << pauses.first.size() << " x " << std::left << std::setw(22)
        << name_of(static_cast<Fault>(kind)) << std::right << spread_of(pauses.first) << "   "
        << spread_of(pauses.silent) << "\n";
  }
}

}  // namespace aether::tests
