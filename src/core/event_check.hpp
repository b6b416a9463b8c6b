// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"

#include <cstddef>

namespace aether {

/// The rules for one event, wherever it goes: names, texts, JSON. `invalid_argument` says which
/// field breaks which. An empty id and version 0 are fine.
[[nodiscard]] Result<void> check_event(const Event& event, unsigned max_json_depth);

/// All names, metadata and data of an event: what limits on sizes count.
[[nodiscard]] std::size_t event_bytes(const Event& event);

}  // namespace aether
