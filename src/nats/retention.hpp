// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/audit.hpp"
#include "nats/api.hpp"

#include <functional>

namespace aether::nats {

/// Whether the stream's `max_age` can have removed anything yet: it removes from the beginning
/// only, and nothing before the stream is as old.
[[nodiscard]] bool retention_has_begun(const StreamInfo& info);

/// Where the stream begins, if its retention has removed what stood before; else 0.
[[nodiscard]] Position retained_from(const StreamInfo& info);

/// Reports messages that are missing from the stream, and that its retention has not removed.
[[nodiscard]] Result<void> inspect_stream(StreamApi& api, StreamApi::Timeout timeout,
                                          const std::function<void(Finding)>& report);

}  // namespace aether::nats
