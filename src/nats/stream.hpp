// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/api.hpp"
#include "nats/stream_config.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace aether::nats {

struct OpenedStream {
  StreamInfo info{};
  ApiLevel level = 0;  ///< of the servers
};

/// Finds the stream of `api`, or makes it as `wanted` if `create`. Asks again until `timeout` what
/// passes by itself: that nobody answers, or that servers cannot place a stream while they look for
/// each other.
///
/// Errors: `not_found` (there is none, and none is to be made), `invalid_argument` (its name is too
/// long), and those of asking.
[[nodiscard]] Result<OpenedStream> find_or_make(StreamApi& api, const StreamConfig& wanted,
                                                bool create, std::chrono::milliseconds timeout);

/// The same for the namespace's stream for `kind`, which is `api`'s. Errors besides: those of
/// `check_stream`.
[[nodiscard]] Result<OpenedStream> open_stream(StreamApi& api, StreamKind kind, const Namespace& ns,
                                               const StreamOptions& options,
                                               std::chrono::milliseconds timeout);

/// Whether each message needs an id that names the place in the actor's history: servers below
/// 2.9.21 accept two messages at one sequence where there are replicas, and an id makes the second
/// a duplicate. They do not say how old they are, so all below 2.11 count. Errors:
/// `invalid_argument` where such a stream forgets ids too soon.
[[nodiscard]] Result<bool> needs_message_ids(const StreamConfig& found, ApiLevel level);

/// What to say of such a stream where it is opened; `harm` is what may come of it.
[[nodiscard]] std::string warning_of_replicas(const StreamConfig& found, std::string_view harm);

}  // namespace aether::nats
