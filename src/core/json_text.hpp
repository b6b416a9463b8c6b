// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <string_view>

namespace aether {

/// Whether `text` is exactly one JSON value (RFC 8259) in valid UTF-8, with at most `max_depth`
/// arrays and objects open at a time (never more than `kMaxJsonDepth`). If not, `invalid_argument`
/// says what is wrong and at which byte, and shows nothing of the text.
///
/// Numbers may have any length and size. A \u escape must not be half a surrogate pair: most
/// readers cannot represent one. A byte order mark is refused.
[[nodiscard]] Result<void> check_json(std::string_view text, unsigned max_depth);

}  // namespace aether
