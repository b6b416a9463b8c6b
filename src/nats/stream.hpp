// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/api.hpp"
#include "nats/stream_config.hpp"

#include <chrono>

namespace aether::nats {

/// Finds the stream of `api`, which is the namespace's for `kind`, or makes it if `options` say so.
/// Errors: `not_found` (there is none, and none is to be made), those of `check_stream`, and
/// those of asking.
[[nodiscard]] Result<StreamInfo> open_stream(StreamApi& api, StreamKind kind, const Namespace& ns,
                                             const StreamOptions& options, ApiLevel level,
                                             std::chrono::milliseconds timeout);

}  // namespace aether::nats
