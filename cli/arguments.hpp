// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "console.hpp"
#include "verbs.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace aether::cli {

struct Arguments {
  std::string store_url;  ///< from --store or AETHER_STORE; or ""
  ConsoleOptions console{};
  Verb verb{};
};

/// What the user wants. `invalid_argument` where that is not clear, with the place to look it up as
/// advice. `args` without the program's own name.
[[nodiscard]] std::expected<Arguments, Failure> parse_arguments(std::span<const char* const> args);

/// How to report an error in `args`, which could not be parsed.
[[nodiscard]] ConsoleOptions console_options_of(std::span<const char* const> args);

/// "500ms", "5s", "2m". `invalid_argument` otherwise.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace aether::cli
