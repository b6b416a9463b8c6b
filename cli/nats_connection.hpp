// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "aether/stores/url.hpp"
#include "exit_code.hpp"
#include "open_store.hpp"

#include <expected>
#include <memory>

/// Only in a build with NATS.
namespace aether::cli {

/// Errors: those of `connect_options` and `nats::connect`, and `closed` when interrupted.
[[nodiscard]] std::expected<std::shared_ptr<nats::Connection>, Failure> connect(
    const NatsUrl& url, const OpenOptions& options);

}  // namespace aether::cli
