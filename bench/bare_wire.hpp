// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jetstream_server.hpp"
#include "sample.hpp"

namespace aether::bench {

/// What the server can take: the messages that a store would send, written into a socket by one
/// thread, their acknowledgements counted by the same. No library, no JSON, no hashes.
[[nodiscard]] Probe wire_appends(JetStreamServerPtr server);

}  // namespace aether::bench
