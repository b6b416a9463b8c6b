// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace aether {

enum class LogLevel { debug, info, warning, error };

/// Where the library says what no caller's result can: called from any of its threads, possibly
/// from several at once; must not block or throw. Empty: nothing is said. Never given event data.
using LogSink = std::function<void(LogLevel level, std::string_view message)>;

}  // namespace aether
