// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/api.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace aether::nats {

/// A message in an actor's history, by the version of its last event.
struct Place {
  Version version = 0;
  std::uint64_t sequence = 0;
};

struct LocateRequest {
  std::string subject;
  Version version = 0;  ///< what is looked for
  Place end{};          ///< of the history, or any place at or behind that version
  bool direct = false;  ///< ask any replica
};

/// At so many versions before the one that is looked for it may stop: many messages in one reply
/// take about as long as a question for one.
inline constexpr Version kNearVersions = 16;

/// Looks for the version by asking for single messages, fewer with each doubling of the history: a
/// stream knows sequences, not versions. `done` gets a place before the version, from which to read
/// on. Versions and sequences grow together and never change, so that a replica that is behind only
/// makes the way longer.
///
/// Each question has `timeout`. Errors: `unavailable`, `corrupt`, `permission_denied`, `closed`.
void locate(StreamApi& api, LocateRequest request, std::chrono::milliseconds timeout,
            StreamApi::Completion<Place> done);

}  // namespace aether::nats
