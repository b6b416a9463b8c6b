// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "nats/doctor_verdicts.hpp"

#include <charconv>
#include <chrono>

namespace aether::nats {

namespace {

constexpr ServerRelease kOldest{2, 9, 0};
// From here on, and in 2.12 from 2.12.12 on, no fault is known that loses what was acknowledged
// while servers and disks do what they should.
constexpr ServerRelease kSound{2, 14, 3};
constexpr ServerRelease kSoundBefore{2, 12, 12};
constexpr ServerRelease kAfterThat{2, 13, 0};

constexpr ServerRelease kKeepsReplicasEqual{2, 11, 0};  // docs/nats.md has the cause

constexpr std::chrono::seconds kSkewWorthANote{1};
constexpr std::chrono::seconds kSkewTooLarge{60};

std::string milliseconds_text(std::chrono::nanoseconds time) {
  return concat(std::chrono::round<std::chrono::milliseconds>(time).count(), " ms");
}

void judge_version(const Facts& facts, Verdicts& verdicts) {
  const ServerRelease release = parse_release(facts.server.version);
  const std::string found = concat("nats-server ", facts.server.version, " (", facts.server.name,
                                   ") at ", facts.server.url);
  if (release < kOldest) {
    return verdicts.problem("server", found, "Use a server from 2.9 on.");
  }
  const bool sound = release >= kSound || (release >= kSoundBefore && release < kAfterThat);
  if (sound) return verdicts.ok("server", found);
  if (facts.events && facts.events->config.replicas > 1 && release < kKeepsReplicasEqual) {
    return verdicts.problem(
        "server", found,
        "Upgrade: with replicas this one can lose acknowledged events when a stream's leader is "
        "lost (before 2.11). Until then one replica is safer.");
  }
  verdicts.note("server", found,
                "Upgrade to 2.14.3 or newer, or to 2.12.12: older ones have faults by which stored "
                "events can be lost.");
}

void judge_jetstream(const Facts& facts, Verdicts& verdicts) {
  if (!facts.account) {
    const Error& error = facts.account.error().error;
    return verdicts.problem("jetstream", error.message,
                            error.code == Errc::permission_denied
                                ? "Give the user the rights in docs/nats-permissions.conf."
                                : "Enable JetStream on the server, and for the account.");
  }
  const AccountInfo& account = *facts.account;
  const std::string level = concat("api level ", account.level);
  if (account.level >= kAtomicBatchLevel) {
    verdicts.ok("jetstream", concat(level, ": reads in batches, commits of several actors"));
  } else if (account.level >= kBatchGetLevel) {
    verdicts.ok("jetstream",
                concat(level, ": reads in batches; no commits of several actors (2.12)"));
  } else {
    verdicts.ok("jetstream", concat(level,
                                    ": each read makes a consumer (better from 2.11 on); "
                                    "no commits of several actors (2.12)"));
  }
  constexpr std::int64_t kNearlyFullPercent = 90;
  const bool in_memory = facts.events && facts.events->config.storage == "memory";
  const std::int64_t used = in_memory ? account.memory : account.storage;
  const std::int64_t most = in_memory ? account.max_memory : account.max_storage;
  if (most > 0 && used / kNearlyFullPercent >= most / 100) {
    verdicts.problem("account",
                     concat("the account has used ", used, " of ", most, " bytes for streams"),
                     "Raise the account's limit: beyond it appends are refused.");
  }
}

void judge_clock(const Facts& facts, Verdicts& verdicts) {
  if (!facts.clock) {
    if (!facts.events) return;
    return verdicts.note("clock", "the server did not tell its time",
                         "Compare the machines' clocks by other means.");
  }
  const auto [ahead, uncertainty] = *facts.clock;
  const auto size = ahead < std::chrono::nanoseconds::zero() ? -ahead : ahead;
  const std::string range = concat(" (give or take ", milliseconds_text(uncertainty), ")");
  if (size - uncertainty < kSkewWorthANote) {
    return verdicts.ok(
        "clock", concat("the server's clock and ours differ by ", milliseconds_text(size), range));
  }
  const std::string found =
      concat("the server's clock is ", milliseconds_text(size),
             ahead > std::chrono::nanoseconds::zero() ? " ahead of" : " behind", " ours", range);
  const std::string advice =
      "Set the clocks (NTP): events have the time of who appends, retention goes by the server's.";
  if (size - uncertainty < kSkewTooLarge) return verdicts.note("clock", found, advice);
  verdicts.problem("clock", found, advice);
}

void judge_payload(const Facts& facts, Verdicts& verdicts) {
  const std::string found = concat("the server takes messages of ", facts.max_payload,
                                   " bytes, and commits may have ", facts.limits.max_commit_bytes);
  if (std::cmp_greater_equal(facts.max_payload, facts.limits.max_commit_bytes)) {
    return verdicts.ok("payload", found);
  }
  verdicts.note("payload", found,
                "Raise the server's max_payload, or lower Limits::max_commit_bytes: larger commits "
                "are too_large.");
}

}  // namespace

ServerRelease parse_release(std::string_view version) {
  ServerRelease release{};
  for (std::uint32_t& number : release) {
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc()) break;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return release;
}

void judge_server(const Facts& facts, Verdicts& verdicts) {
  judge_version(facts, verdicts);
  judge_jetstream(facts, verdicts);
  judge_payload(facts, verdicts);
  judge_clock(facts, verdicts);
}

std::vector<Check> judge(const Facts& facts, const Namespace& ns) {
  Verdicts verdicts;
  judge_server(facts, verdicts);
  if (facts.account) {
    judge_stream(facts, ns, verdicts);
    if (facts.events) {
      judge_retention(facts, verdicts);
      judge_durability(facts, verdicts);
      judge_rights(facts, ns, verdicts);
    }
  }
  return std::move(verdicts).take();
}

}  // namespace aether::nats
