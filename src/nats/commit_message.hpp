// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"
#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/core/names.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

/// A commit is one message, so that it is stored whole or not at all, by every server. Its place in
/// the stream and an event's place in it make the event's position:
/// `sequence * kPositionsPerMessage + index`.
inline constexpr std::uint64_t kPositionsPerMessage = 1'024;

/// No stream reaches it; a position above it names no message.
inline constexpr std::uint64_t kMaxSequence =
    std::numeric_limits<Position>::max() / kPositionsPerMessage;

[[nodiscard]] constexpr Position position_of(std::uint64_t sequence, std::size_t index) {
  return sequence * kPositionsPerMessage + index;
}
[[nodiscard]] constexpr std::uint64_t sequence_of(Position position) {
  return position / kPositionsPerMessage;
}

/// What a message's headers say. docs/wire-format.md is the specification.
struct CommitHeaders {
  Version version = 0;             ///< of its last event
  std::size_t count = 0;           ///< of events
  Hash hash{};                     ///< of its last event
  std::optional<Hash> previous{};  ///< of the event before its first; given where count > 1
};

/// A commit of one actor's events that are complete: with versions, ids and timestamps.
struct OutgoingCommit {
  std::string subject;
  std::vector<std::pair<std::string_view, std::string>> headers;  ///< names are constants
  std::string body;
  Hash hash{};  ///< of the last event
};
[[nodiscard]] OutgoingCommit encode_message(std::string subject, std::span<const Event> events,
                                            const Hash& previous);

/// A message as a server gives it back, from wherever: nobody vouches for it.
struct StoredMessage {
  std::uint64_t sequence = 0;
  std::string subject{};
  std::string format{}, version{}, count{}, hash{}, previous{};  ///< headers; "": not there
  std::string checksum{};                                        ///< headers of what is no commit
  std::string put{}, put_after{};  ///< which put of a registry it is, and after which revision
  std::string body{};

  /// Asks `lookup` (name → optional<string_view>) for the headers.
  template <class Lookup>
  void take_headers(const Lookup& lookup) {
    const std::pair<const char*, std::string*> wanted[] = {{"Aether-Format", &format},
                                                           {"Aether-Version", &version},
                                                           {"Aether-Count", &count},
                                                           {"Aether-Hash", &hash},
                                                           {"Aether-Previous", &previous}};
    for (const auto& [name, value] : wanted) {
      if (const auto found = lookup(name)) *value = *found;
    }
    if (!count.empty()) return;  // commits are many, and looking takes a little while
    if (const auto found = lookup("Aether-Checksum")) checksum = *found;
    if (const auto found = lookup("Aether-Put")) put = *found;
    if (const auto found = lookup("Nats-Expected-Last-Subject-Sequence")) put_after = *found;
  }
};

/// Errors: `corrupt`, with the position; what it is that is no commit of ours, and where.
[[nodiscard]] Result<CommitHeaders> decode_headers(const StoredMessage& message);
[[nodiscard]] Result<std::vector<EventPtr>> decode_message(const Namespace& ns,
                                                           const StoredMessage& message,
                                                           unsigned max_json_depth);

}  // namespace aether::nats
