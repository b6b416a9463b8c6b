// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace aether {

/// RFC 4648: `standard` (section 4) is padded with '=', `url` (section 5) is not padded.
enum class Base64 { standard, url };

void append_base64(std::string& out, std::string_view bytes, Base64 kind);

/// Appends the bytes that `text` stands for. False, with `out` in any state, when `text` is not
/// exactly what `append_base64` makes of some bytes: bits behind the last byte must be zero.
[[nodiscard]] bool decode_base64(std::string& out, std::string_view text, Base64 kind);

}  // namespace aether
