// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <string>
#include <string_view>

namespace aether::nats {

/// The public key ("U…") of the user's seed ("SU…") in `text`, a seed file's: libnats wants it
/// beside the file. Errors: `invalid_argument`, which never shows the text.
[[nodiscard]] Result<std::string> public_key_of_seed(std::string_view text);

}  // namespace aether::nats
