// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aether::cli {

/// The largest piece of input that is read into memory: more than any event can hold.
inline constexpr std::size_t kMaxInputBytes = std::size_t{64} * 1024 * 1024;

/// All of the file that "@FILE" names, or of standard input for "-". Ends with `closed` when
/// `interrupt` becomes readable. Errors: `not_found`, `permission_denied`, `too_large`,
/// `invalid_argument` (a folder), `unavailable`.
[[nodiscard]] Result<std::string> read_input(std::string_view source, int interrupt);

/// Without the white space of JSON at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Reads standard input line by line.
class LineReader {
 public:
  /// `idle` is called now and then while there is nothing to read.
  LineReader(int interrupt, std::function<void()> idle)
      : interrupt_(interrupt), idle_(std::move(idle)) {}

  /// The next line without its end; nothing at the end of the input. Valid until the next call.
  /// Errors: `closed` when interrupted, `too_large`, `unavailable`.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  [[nodiscard]] std::uint64_t line() const { return line_; }    ///< the number of the last line
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< handed out so far

 private:
  int interrupt_;
  std::function<void()> idle_;
  std::string buffer_;
  std::size_t begin_ = 0;
  bool at_end_ = false;
  std::uint64_t line_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace aether::cli
