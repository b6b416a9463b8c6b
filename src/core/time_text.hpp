// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"

#include <array>

namespace aether {

/// "2026-08-20T10:11:12.123456789Z" without allocating.
using TimestampText = std::array<char, 30>;

[[nodiscard]] TimestampText timestamp_text(Timestamp time);

}  // namespace aether
