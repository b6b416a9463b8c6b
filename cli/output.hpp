// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aether::cli {

/// Standard output, buffered, with the reason why it failed: a full disk must not look like
/// success.
///
/// Used by one thread at a time.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void write(std::string_view text);
  void flush();

  /// False once a write has failed. What is written after that is dropped.
  [[nodiscard]] bool usable() const { return error_ == 0; }

  /// The errno of the write that failed, or 0. A reader that went away (`| head -1`) had all that
  /// it wanted: EPIPE is not counted.
  [[nodiscard]] int error() const;

 private:
  int fd_;
  int error_ = 0;
  std::string buffer_;
};

/// What a stream can show.
struct Style {
  bool colour = false;
  std::size_t width = 0;  ///< cells of a terminal's line; 0: not a terminal, nothing is shortened
};

/// Of the stream `fd`. No colour with NO_COLOR (not empty), TERM=dumb, or `no_color`.
[[nodiscard]] Style style_of(int fd, bool no_color);

/// Whether `fd` is a terminal that knows how to erase: not with TERM=dumb.
[[nodiscard]] bool can_rewrite_line(int fd);

enum class Ink { plain, dim, red };

/// `text` in that ink, where the style has colour.
[[nodiscard]] std::string paint(std::string_view text, Ink ink, const Style& style);

}  // namespace aether::cli
