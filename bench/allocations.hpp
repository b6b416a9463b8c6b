// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace aether::bench {

/// How often the calling thread has called operator new since it began. This program replaces
/// operator new to count; that costs one thread-local addition a call.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace aether::bench
