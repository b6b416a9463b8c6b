// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/data.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Text from a store on its way to a person: it may hold anything, and a terminal obeys what it is
/// sent.
namespace aether::cli {

/// `text` on one line, harmless to a terminal: control characters (C0, DEL, C1), line separators
/// and those that turn the direction of writing become `\n`, `\t`, `\r` or `\u001b`, bytes that are
/// not UTF-8 become `\xff`. All else stays as it is.
[[nodiscard]] std::string escape(std::string_view text);

/// The same for JSON text, which stays JSON of the same value: a line break or tab between tokens
/// becomes a space.
[[nodiscard]] std::string escape_json(std::string_view json);

/// How many cells of a terminal an escaped text takes.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// An escaped text cut to at most `width` cells, the last one an ellipsis where something was cut.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t width);

/// An event's data for a table: JSON and `text/…` escaped, other bytes as "(12 bytes of
/// image/png)".
[[nodiscard]] std::string describe(const Data& data);

/// A version or position as it stands in a damaged database: there it can be below zero.
[[nodiscard]] constexpr std::int64_t as_stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// "1 event", "1,234 events".
[[nodiscard]] std::string count_of(std::uint64_t count, std::string_view noun);

}  // namespace aether::cli
