// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace aether {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

namespace detail {

inline void append_part(std::string& out, std::string_view part) { out += part; }

template <std::integral Integer>
  requires(!std::same_as<Integer, char> && !std::same_as<Integer, bool>)
void append_part(std::string& out, Integer number) {
  char digits[std::numeric_limits<Integer>::digits10 + 2];
  auto* const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(std::begin(digits), end);
}

}  // namespace detail

/// The parts in a row: texts as they are, integers in decimal. For messages.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append_part(out, parts), ...);
  return out;
}

/// `value` in quotes and safe to print: control characters and bytes that are not UTF-8 become
/// \xNN, quotes and backslashes get a backslash, and what is longer than about 64 bytes is cut,
/// with "..." behind the closing quote.
///
/// An object and no function, so that a std::string as argument cannot mean std::quoted.
struct Quoted {
  [[nodiscard]] std::string operator()(std::string_view value) const;
};
// NOLINTNEXTLINE(readability-identifier-naming): called like a function
inline constexpr Quoted quoted;

[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// Whether each byte is one of ' ' to '~': what nearly every name is made of.
[[nodiscard]] bool is_printable_ascii(std::string_view text);

/// Whether `value` can be a name: 1 to `max_bytes` bytes of UTF-8 without control characters
/// (U+0000 to U+001F, U+007F to U+009F). If not, `invalid_argument` says what is wrong with
/// `field`, which is the field's name within a sentence ("actor id").
[[nodiscard]] Result<void> check_name(std::string_view field, std::string_view value,
                                      std::size_t max_bytes = kMaxNameBytes);

/// The same for a text that may be empty and as long as it likes: a metadata value.
[[nodiscard]] Result<void> check_text(std::string_view field, std::string_view value);

}  // namespace aether
