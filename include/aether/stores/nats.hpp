// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/options.hpp"
#include "aether/stores/url.hpp"

namespace aether {

/// How to reach the servers of `url`, and as whom. Only in builds with NATS. Errors: those of
/// `nats::parse_url` and `nats::load_context`.
[[nodiscard]] Result<nats::ConnectOptions> connect_options(const NatsUrl& url);

}  // namespace aether
