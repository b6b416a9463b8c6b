// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/stores/url.hpp"
#include "exit_code.hpp"
#include "open_store.hpp"

#include <expected>

namespace aether::cli {

/// nats_store.cpp, or no_nats_store.cpp in a build without NATS: there it is `unsupported`.
[[nodiscard]] std::expected<OpenStore, Failure> open_nats_store(const NatsUrl& url,
                                                                const OpenOptions& options);

}  // namespace aether::cli
