// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <string>
#include <string_view>

namespace aether {

/// Metadata as a JSON object of strings, keys in the order of their bytes.
[[nodiscard]] std::string encode_metadata(const Metadata& metadata);

/// Appends to `out` instead.
void encode_metadata(const Metadata& metadata, std::string& out);

/// Reads such an object from bytes that nobody vouches for. Anything else is `corrupt`.
[[nodiscard]] Result<Metadata> decode_metadata(std::string_view json);

}  // namespace aether
