// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "text.hpp"

// It takes seconds to compile: only what describes the command line includes this.
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::cli {

/// An option whose value is converted by `convert`, which returns a Result.
template <class T, class Convert>
CLI::Option* converted(CLI::App* app, const std::string& name, T& target, std::string type,
                       std::string help, Convert convert) {
  const auto set = [&target, name, convert](const std::string& text) {
    auto value = convert(text);
    if (!value) throw CLI::ValidationError(name, value.error().message);
    target = *value;
  };
  return app->add_option_function<std::string>(name, set, std::move(help))
      ->type_name(std::move(type));
}

inline Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < least) {
    return fail(Errc::invalid_argument, "\"" + escape(text) + "\" is not a whole number of at " +
                                            "least " + std::to_string(least));
  }
  return value;
}

template <class T>
CLI::Option* number(CLI::App* app, const std::string& name, T& target, std::uint64_t least,
                    std::string help) {
  return converted(app, name, target, "N", std::move(help),
                   [least](const std::string& text) { return parse_number(text, least); });
}

/// An empty value is a variable of a script that is not set, and must not count as no option.
inline std::string refuse_empty(const std::string& value) {
  return value.empty() ? "the value is empty: give one, or leave the option out" : "";
}

inline CLI::Option* text_option(CLI::App* app, const std::string& name, std::string& target,
                                std::string type, std::string help) {
  return app->add_option(name, target, std::move(help))
      ->type_name(std::move(type))
      ->check(refuse_empty, "");
}

/// One value each time it is given. CLI11 would otherwise take all arguments that follow, and split
/// a value in brackets.
inline CLI::Option* repeated(CLI::App* app, const std::string& name,
                             std::vector<std::string>& target, std::string type, std::string help) {
  return app->add_option(name, target, std::move(help))
      ->type_name(std::move(type))
      ->expected(1)
      ->allow_extra_args(false)
      ->check(refuse_empty, "")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace aether::cli
