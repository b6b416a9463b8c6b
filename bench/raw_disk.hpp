// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <cstddef>
#include <string>

namespace aether::bench {

/// The floor of a durable append: `events` times 200 bytes written at the end of a growing file,
/// then fdatasync. Counted per event.
[[nodiscard]] Probe raw_appends(const std::string& path, std::size_t events);

}  // namespace aether::bench
