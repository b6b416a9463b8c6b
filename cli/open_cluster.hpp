// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "exit_code.hpp"
#include "verbs.hpp"

#include <chrono>
#include <expected>
#include <memory>

/// Only in a build with NATS.
namespace aether::cli {

/// What the nodes of the session's namespace agree through; nothing is made where there is none.
[[nodiscard]] std::expected<std::shared_ptr<Registry>, Failure> open_cluster(
    const Session& session, std::chrono::milliseconds timeout);

}  // namespace aether::cli
