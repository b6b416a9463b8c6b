// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/data.hpp"

#include <cstddef>
#include <string>

namespace aether {

/// Appends how data stands in an envelope: `"data":…`, or, for what a reader would not find again
/// byte for byte, `"dataContentType":…,"dataBase64":…`.
void append_data_fields(std::string& out, const Data& data);

/// How many bytes that are, about, and no fewer unless the content type has escapes.
[[nodiscard]] std::size_t data_fields_size(const Data& data);

}  // namespace aether
