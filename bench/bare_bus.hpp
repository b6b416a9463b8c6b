// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jetstream_server.hpp"
#include "sample.hpp"

#include <cstdint>

namespace aether::bench {

/// natsConnection_Publish of an envelope that was made once, received by a subscription of another
/// connection that looks at nothing. `at_once` are published before the last is waited for; with 1,
/// both connections send at once (send-asap).
[[nodiscard]] Probe bare_publishes(JetStreamServerPtr server, std::uint64_t at_once);

}  // namespace aether::bench
