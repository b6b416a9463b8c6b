// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <string>
#include <string_view>

namespace aether::nats {

/// The whole of a small text file. `what` is what it is, for messages: "credentials file".
/// Errors: `not_found`, `permission_denied`, `invalid_argument` (a folder; over 1 MiB).
[[nodiscard]] Result<std::string> read_small_file(std::string_view what, const std::string& path);

}  // namespace aether::nats
