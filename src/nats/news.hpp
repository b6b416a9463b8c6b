// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace aether::nats {

/// Waits until libnats has told all news that it had by now, of every connection. They come in
/// order, on one thread for the whole program, which must not call this. False: not in time.
[[nodiscard]] bool await_news(std::chrono::milliseconds timeout);

}  // namespace aether::nats
