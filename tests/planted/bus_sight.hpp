// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "planted/bugs.hpp"

namespace aether::planted {

/// Whether a subscription sees an event, with the bugs that concern that.
[[nodiscard]] bool sees(BusBug bug, const NamespacePattern& pattern, const Filter& filter,
                        const Namespace& ns, const Event& event);

}  // namespace aether::planted
