// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"
#include "aether/nats/store.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

/// A stream's configuration, as far as it matters here; what a server echoes.
struct StreamConfig {
  std::string name{};
  std::vector<std::string> subjects{};
  std::string retention = "limits";
  std::string storage = "file";
  std::string discard = "new";
  std::string compression = "none";
  std::int64_t max_age_ns = 0;  ///< 0: for ever
  std::int64_t max_bytes = -1;
  std::int64_t max_messages = -1;
  std::int64_t max_messages_per_subject = -1;
  std::int64_t max_message_bytes = -1;
  std::int64_t max_consumers = -1;
  std::int64_t first_sequence = 0;  ///< that a new stream begins with
  std::int64_t duplicate_window_ns = 0;
  unsigned replicas = 1;
  std::string persist_mode{};  ///< "async": it answers before it has written
  /// What it stores is published again, from these subjects to those; "": it is not.
  std::string republish_source{}, republish_destination{};
  bool republishes_headers_only = false;
  bool deny_delete = false;
  bool deny_purge = false;
  bool allow_direct = false;
  bool allow_atomic = false;
  bool allow_rollup = false;
  bool allow_message_ttl = false;
  bool no_ack = false;
  bool sealed = false;
  bool is_mirror = false;
  bool transforms_subjects = false;
  bool discards_new_per_subject = false;

  friend bool operator==(const StreamConfig&, const StreamConfig&) = default;
};

/// What the server supports beyond 2.9, as it says itself; 0 below 2.11.
using ApiLevel = unsigned;
inline constexpr ApiLevel kBatchGetLevel = 1;     // 2.11
inline constexpr ApiLevel kAtomicBatchLevel = 2;  // 2.12

/// Newer servers stop at 1,000 consumers where nothing is said.
inline constexpr std::int64_t kMaxConsumers = 100'000;

/// What a namespace keeps in a stream of its own.
enum class StreamKind {
  events,     ///< all that was ever appended
  snapshots,  ///< each actor's last
};

/// "aether=ev=prod=eu", "aether=snap=prod=eu": the subjects' common beginning, with '=' for '.',
/// which a namespace has not.
[[nodiscard]] std::string stream_name(StreamKind kind, const Namespace& ns);
/// "aether.ev.prod.eu.*.*": category and actor, never ">", so that `a` and `a.b` share nothing.
[[nodiscard]] std::string stream_subjects(StreamKind kind, const Namespace& ns);
[[nodiscard]] inline std::string event_stream_name(const Namespace& ns) {
  return stream_name(StreamKind::events, ns);
}
[[nodiscard]] inline std::string event_stream_subjects(const Namespace& ns) {
  return stream_subjects(StreamKind::events, ns);
}

/// Where a stream that broadcasts publishes again what it stores, as servers want it written:
/// "aether.bus.prod.eu.$1.$2", the two being the category and the actor.
[[nodiscard]] std::string broadcast_destination(const Namespace& ns);

/// The stream to make for `options`.
[[nodiscard]] StreamConfig stream_config(StreamKind kind, const Namespace& ns,
                                         const StreamOptions& options);
/// As the server wants it. What `level` does not know is left out.
[[nodiscard]] std::string to_json(const StreamConfig& config, ApiLevel level);

/// Why a store cannot use the stream that is there: clauses, each with the setting that is wrong.
[[nodiscard]] std::vector<std::string> stream_faults(StreamKind kind, const StreamConfig& found,
                                                     const Namespace& ns);

/// Whether a store can use the stream that is there, and whether it is what `options` ask for.
/// Errors: `invalid_argument`, with what is there, what was wanted, and what to do.
[[nodiscard]] Result<void> check_stream(StreamKind kind, const StreamConfig& found,
                                        const Namespace& ns, const StreamOptions& options);

}  // namespace aether::nats
