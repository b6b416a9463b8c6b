// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "planted/bugs.hpp"

#include <memory>

namespace aether::planted {

/// A plain bus with `bug` in it. With "none" it is right, if slow: a thread each subscription.
[[nodiscard]] std::unique_ptr<EventBus> make_bus(BusBug bug);

}  // namespace aether::planted
