// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <chrono>
#include <string>

namespace aether::cli {

/// What GET /varz gives at the monitoring port of a nats-server, "http://host:8222". Errors:
/// `invalid_argument` (the URL), `unavailable` (nobody answers, or with something else than 200).
[[nodiscard]] Result<std::string> fetch_monitoring(const std::string& url,
                                                   std::chrono::milliseconds timeout);

}  // namespace aether::cli
