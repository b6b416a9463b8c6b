// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "aether/nats/options.hpp"
#include "exit_code.hpp"
#include "nats_url.hpp"
#include "open_store.hpp"

#include <expected>
#include <memory>

/// Only in a build with NATS.
namespace aether::cli {

/// How to reach the servers of `url`, and as whom. Errors: those of `nats::parse_url` and
/// `nats::load_context`.
[[nodiscard]] Result<nats::ConnectOptions> connect_options(const NatsUrl& url);

/// Errors: the same, those of `nats::connect`, and `closed` when interrupted.
[[nodiscard]] std::expected<std::shared_ptr<nats::Connection>, Failure> connect(
    const NatsUrl& url, const OpenOptions& options);

}  // namespace aether::cli
