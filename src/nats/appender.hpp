// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/names.hpp"
#include "aether/store/event_store.hpp"
#include "nats/api.hpp"
#include "nats/commit.hpp"
#include "nats/lanes.hpp"
#include "store/recent_cache.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether::nats {

struct AppenderOptions {
  Namespace ns;
  Durability durability{};
  bool read_from_leader = true;  ///< else any replica knows all: there is one
  bool atomic_batch = false;     ///< commits of several actors are possible
  /// Servers below 2.9.21 accept two writers at one sequence where there are replicas. A message
  /// id that names the place in the actor's history closes that: the second is a duplicate.
  bool message_ids = false;
  unsigned max_json_depth = kDefaultJsonDepth;
  Lanes::Options lanes{};
  std::size_t head_cache_actors = 100'000;
  std::chrono::milliseconds timeout{10'000};  ///< of asynchronous appends
  LogSink log{};
};

/// Appends commits, in the order that `Lanes` allows.
///
/// A commit's message is stored only if the actor's last message still is the one that the commit
/// was judged by. So the same message may be sent as often as need be: at most one is stored. An
/// answer that is not final (a conflict may be the echo of an own earlier try; none may come at
/// all) is settled by looking into the stream, at what follows the message that was expected to be
/// the last. Only once another's message is found there may a commit be judged and numbered anew:
/// until then an earlier try of it may still arrive.
class Appender {
 public:
  Appender(StreamApi& api, AppenderOptions options);
  /// Finishes what was accepted.
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  /// The events are prepared (`prepare_commit`).
  Result<Appended> append(std::vector<Event> events, const AppendOptions& options);
  void append_async(std::vector<Event> events, const AppendOptions& options,
                    EventStore::Completion done);

 private:
  void submit(const CommitPtr& commit, std::optional<Deadline> wait_for_room);
  void start(CommitPtr commit);
  void start_all(std::vector<CommitPtr> commits);
  void end(const CommitPtr& commit, Result<Appended> result);

  // The steps of a commit on its way; each ends by beginning the next, or by `end`.
  void load_heads(const CommitPtr& commit);
  void judge(const CommitPtr& commit);
  void look_up_repeat(const CommitPtr& commit, std::size_t actor);
  void read_repeat(const CommitPtr& commit, std::size_t actor, std::uint64_t sequence);
  void publish(const CommitPtr& commit);
  void on_published(const CommitPtr& commit, ApiResult<Stored> stored);
  void settle_all(const CommitPtr& commit) { settle(commit, 0); }
  void settle(const CommitPtr& commit, std::size_t index);
  void settle_absent(const CommitPtr& commit);
  void settle_batch(const CommitPtr& commit, std::uint64_t last_sequence, std::size_t index);
  void start_anew(const CommitPtr& commit);
  void retry(const CommitPtr& commit, void (Appender::*step)(const CommitPtr&), Error reason);
  void stored(const CommitPtr& commit, std::uint64_t last_sequence);

  std::string subject_of(const std::string& actor_id) const;

  StreamApi& api_;
  const AppenderOptions options_;
  Lanes lanes_;

  std::mutex mutex_;  // guards heads_
  RecentCache<ActorHead> heads_;
};

}  // namespace aether::nats
