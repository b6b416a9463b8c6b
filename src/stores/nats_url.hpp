// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/stores/url.hpp"

#include <string_view>

namespace aether {

/// `text` begins with "nats:" or "tls:". Errors: those of `parse_store_url`.
[[nodiscard]] Result<NatsUrl> parse_nats_url(std::string_view text);

}  // namespace aether
