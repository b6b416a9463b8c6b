// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "nats/doctor_verdicts.hpp"
#include "nats/retention.hpp"
#include "nats/stream.hpp"

#include <algorithm>
#include <chrono>

namespace aether::nats {

namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kSettings = "settings";

/// "1 commit", "2 commits".
std::string count_of(std::uint64_t count, std::string_view what) {
  return concat(count, " ", what, count == 1 ? "" : "s");
}

void judge_faults(StreamKind kind, const StreamConfig& config, const Namespace& ns,
                  Verdicts& verdicts) {
  for (const std::string& fault : stream_faults(kind, config, ns)) {
    verdicts.problem(kind == StreamKind::events ? std::string(kSettings) : "snapshots",
                     concat("no store opens ", quoted(config.name), ": ", fault),
                     "Have the stream changed (nats stream edit), or make it anew by a store.");
  }
}

void judge_guards(const StreamConfig& config, Verdicts& verdicts) {
  const std::pair<bool, std::string_view> guards[] = {{config.deny_delete, "deny_delete"},
                                                      {config.deny_purge, "deny_purge"}};
  for (const auto& [is_set, name] : guards) {
    if (is_set) continue;
    verdicts.problem(std::string(kSettings), concat("events can be removed: ", name, " is not set"),
                     concat("Set ", name, " by an update of the stream; nobody can take it back."));
  }
}

void judge_features(const StreamConfig& config, ApiLevel level, Verdicts& verdicts) {
  if (!config.allow_direct) {
    verdicts.note(std::string(kSettings), "only the leader answers reads: allow_direct is not set",
                  "Set allow_direct by an update of the stream: reads are faster then.");
  }
  if (level >= kAtomicBatchLevel && !config.allow_atomic) {
    verdicts.note(std::string(kSettings),
                  "commits of several actors are not possible: allow_atomic is not set",
                  "Set allow_atomic by an update of the stream, if they are needed.");
  }
  if (const auto ids = needs_message_ids(config, level); !ids) {
    verdicts.problem(std::string(kSettings), ids.error().message,
                     "Set the stream's duplicate window to two minutes.");
  }
}

void judge_consumers(const StreamInfo& info, ApiLevel level, Verdicts& verdicts) {
  if (level >= kBatchGetLevel && info.config.allow_direct) return;
  constexpr std::int64_t kReadsAtATime = 100;
  const std::int64_t most = info.config.max_consumers;
  if (most <= 0 && level < kBatchGetLevel) return;
  const std::int64_t limit = most > 0 ? most : 1'000;  // newer servers' own
  if (std::cmp_less_equal(info.consumers + kReadsAtATime, limit)) return;
  verdicts.problem(
      "consumers",
      concat("each read makes a consumer, and there are ", info.consumers, " of ", limit),
      "Raise the stream's max_consumers, and see who leaves consumers behind.");
}

// Servers hear of each other every second.
bool is_away(const StreamPeer& peer) {
  return peer.is_offline || peer.silent >= std::chrono::seconds(3);
}

std::string state_of(const StreamPeer& peer) {
  if (peer.is_offline) return "is offline";
  if (is_away(peer)) {
    return concat("was last heard of ",
                  std::chrono::duration_cast<std::chrono::seconds>(peer.silent).count(), " s ago");
  }
  if (peer.lag > 0) return concat("is behind by ", peer.lag);
  return peer.is_current ? "is current" : "is behind";
}

void judge_peers(const StreamInfo& info, Verdicts& verdicts) {
  if (info.config.replicas == 1) {
    return verdicts.note("replicas", "one server holds the events",
                         "Use three replicas, or take backups: with its disk the events are lost.");
  }
  const std::size_t before = 1;
  std::string who = info.leader.empty() ? "nobody leads" : concat("led by ", info.leader);
  bool is_well = !info.leader.empty() && info.peers.size() + before >= info.config.replicas;
  bool is_behind = false;
  for (const StreamPeer& peer : info.peers) {
    who += concat(", ", peer.name, " ", state_of(peer));
    is_well = is_well && !is_away(peer);
    is_behind = is_behind || !peer.is_current || peer.lag > 0;
  }
  const std::string found = concat(info.config.replicas, " replicas: ", who);
  if (!is_well) {
    return verdicts.problem(
        "replicas", found, "Bring the missing servers back: without a majority nothing is stored.");
  }
  if (is_behind) {
    return verdicts.note("replicas", found, "Look again in a while: it should catch up.");
  }
  verdicts.ok("replicas", found);
}

std::string age_text(nanoseconds age) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(age).count();
  constexpr int kHoursADay = 24;
  if (hours >= 2 * kHoursADay) return concat(hours / kHoursADay, " days");
  if (hours >= 2) return concat(hours, " hours");
  return concat(std::chrono::duration_cast<std::chrono::seconds>(age).count(), " s");
}

void judge_missing(const StreamInfo& info, Verdicts& verdicts) {
  const auto beginning =
      static_cast<std::uint64_t>(std::max<std::int64_t>(info.config.first_sequence, 1));
  constexpr std::string_view kAdvice =
      "Find out who removed them (aether verify names actors), and restore a backup. An old server "
      "that had no room for the account's messages has left out such numbers, too.";
  if (info.deleted > 0) {
    verdicts.problem("events",
                     concat(count_of(info.deleted, "message"), " missing from within the stream"),
                     std::string(kAdvice));
  }
  if (info.first_sequence > beginning && !retention_has_begun(info)) {
    verdicts.problem("events",
                     concat(count_of(info.first_sequence - beginning, "message"),
                            " missing from the stream's beginning, and retention cannot have "
                            "removed them"),
                     std::string(kAdvice));
  }
}

void judge_age(const StreamInfo& info, Timestamp now, Verdicts& verdicts) {
  if (info.config.max_age_ns == 0) {
    return verdicts.ok("retention", "events are kept for ever (no max_age)");
  }
  const nanoseconds max_age(info.config.max_age_ns);
  std::string found = concat("events are kept for ", age_text(max_age));
  const Position begins = retained_from(info);
  if (begins > 0) {
    found += concat("; ", count_of(sequence_of(begins) - 1, "commit"), " gone already");
  }
  if (info.messages == 0 || info.first_time == kNoTimestamp) {
    return verdicts.ok("retention", concat(found, "; there are none"));
  }
  const nanoseconds oldest = now - info.first_time;
  found += concat("; the oldest is ", age_text(std::max(oldest, nanoseconds::zero())),
                  " old, and goes at ", format_timestamp(info.first_time + max_age));
  constexpr int kNearTenths = 9;
  if (begins == 0 && oldest / kNearTenths < max_age / 10) return verdicts.ok("retention", found);
  verdicts.note("retention", found,
                "Copy what has to be kept, or raise max_age by an update of the stream; 0 is for "
                "ever.");
}

void judge_room(const StreamInfo& info, Verdicts& verdicts) {
  constexpr std::uint64_t kNotePercent = 80;
  constexpr std::uint64_t kProblemPercent = 95;
  struct Limit {
    std::int64_t most;
    std::uint64_t used;
    std::string_view name;
  };
  const Limit limits[] = {{info.config.max_bytes, info.bytes, "max_bytes"},
                          {info.config.max_messages, info.messages, "max_msgs"}};
  bool is_limited = false;
  for (const auto& [most, used, name] : limits) {
    if (most <= 0) continue;
    is_limited = true;
    const auto percent =
        static_cast<std::uint64_t>(static_cast<double>(used) * 100.0 / static_cast<double>(most));
    const std::string found = concat(percent, " % of ", name, " are used: ", used, " of ", most);
    const std::string advice =
        concat("Raise ", name,
               info.config.discard == "new"
                   ? " by an update of the stream: when it is full, appends are refused."
                   : " by an update of the stream: when it is full, the oldest events go.");
    if (percent >= kProblemPercent) {
      verdicts.problem("room", found, advice);
    } else if (percent >= kNotePercent) {
      verdicts.note("room", found, advice);
    } else {
      verdicts.ok("room", found);
    }
  }
  if (is_limited) return;
  verdicts.ok("room",
              concat(count_of(info.messages, "commit"), " of ", count_of(info.subjects, "actor"),
                     ", ", count_of(info.bytes, "byte"), "; no limit"));
}

void judge_snapshots(const Facts& facts, const Namespace& ns, Verdicts& verdicts) {
  if (!facts.snapshots) {
    const ApiError& error = facts.snapshots.error();
    if (error.code == ApiCode::stream_not_found) {
      return verdicts.ok("snapshots", "there is no stream for them");
    }
    return verdicts.note(
        "snapshots", error.error.message,
        "Give the user the rights in docs/nats-permissions.conf, if they are used.");
  }
  if (!stream_faults(StreamKind::snapshots, facts.snapshots->config, ns).empty()) {
    return judge_faults(StreamKind::snapshots, facts.snapshots->config, ns, verdicts);
  }
  verdicts.ok("snapshots", concat("of ", count_of(facts.snapshots->messages, "actor"), ", ",
                                  count_of(facts.snapshots->bytes, "byte")));
}

}  // namespace

void judge_stream(const Facts& facts, const Namespace& ns, Verdicts& verdicts) {
  const std::string name = event_stream_name(ns);
  if (!facts.events) {
    const ApiError& error = facts.events.error();
    if (error.code == ApiCode::stream_not_found) {
      return verdicts.problem("stream", concat("there is no stream ", quoted(name)),
                              "Open the store once as a user who may make it; or is the namespace "
                              "another one?");
    }
    return verdicts.problem("stream", error.error.message,
                            error.error.code == Errc::permission_denied
                                ? "Give the user the rights in docs/nats-permissions.conf."
                                : "See whether the servers that hold it run.");
  }
  const StreamInfo& info = *facts.events;
  verdicts.ok("stream", concat(quoted(name), ", made at ", format_timestamp(info.created)));
  judge_faults(StreamKind::events, info.config, ns, verdicts);
  judge_guards(info.config, verdicts);
  judge_features(info.config, facts.account->level, verdicts);
  judge_peers(info, verdicts);
  judge_consumers(info, facts.account->level, verdicts);
  judge_snapshots(facts, ns, verdicts);
}

void judge_retention(const Facts& facts, Verdicts& verdicts) {
  judge_age(*facts.events, facts.now, verdicts);
  judge_room(*facts.events, verdicts);
  judge_missing(*facts.events, verdicts);
}

}  // namespace aether::nats
