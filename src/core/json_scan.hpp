// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aether {

/// No text is followed deeper than this, whatever a caller allows.
inline constexpr unsigned kMaxJsonDepth = 1024;

/// A JSON string as it stands between its quotes.
struct JsonString {
  std::string_view raw;
  bool has_escapes = false;
};

/// What may stand around a token.
inline constexpr std::string_view kJsonSpace = " \n\t\r";

/// Whether white space stands before or behind the value that the text is: a reader of values
/// would lose it.
[[nodiscard]] constexpr bool has_outer_space(std::string_view json) {
  return !json.empty() && (kJsonSpace.contains(json.front()) || kJsonSpace.contains(json.back()));
}

/// A JSON value as it stands in the text.
struct JsonSlice {
  std::string_view text;
  unsigned depth = 0;  ///< how many arrays and objects are open at its deepest point
};

/// What is wrong with a JSON text, as the end of a sentence, and where.
struct JsonFault {
  std::string_view what;
  const char* at = nullptr;
};

/// Walks over JSON text that nobody vouches for and keeps to the grammar of RFC 8259; on top of
/// it, a \u escape must not be half a surrogate pair. Takes no notice of UTF-8: check that
/// first. Numbers are taken as text, so that none is too long or too large.
///
/// (simdjson's DOM refuses integers above 64 bits and numbers like 1e400, which must be kept here;
/// its On-Demand does not look into what it skips. This walk also needs no padded copy.)
///
/// A member that returns false has found bad JSON: `problem` says what, `offset` where, and the
/// scanner is of no further use.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  /// The first byte of the next token, which is not taken; NUL at the end of the text.
  [[nodiscard]] char peek() {
    while (at_ != end_ && is_space(*at_)) ++at_;
    return at_ != end_ ? *at_ : '\0';
  }

  /// Takes the next token if it is `c`.
  [[nodiscard]] bool accept(char c) {
    if (peek() != c || at_ == end_) return false;
    ++at_;
    return true;
  }

  /// Takes exactly these bytes, if they are next.
  [[nodiscard]] bool accept(std::string_view bytes) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(bytes)) {
      return false;
    }
    at_ += bytes.size();
    return true;
  }

  /// Whether nothing but white space is left.
  [[nodiscard]] bool at_end() {
    (void)peek();
    return at_ == end_;
  }

  /// Takes a string.
  [[nodiscard]] bool take_string(JsonString& out);

  /// Takes any value with at most `max_depth` arrays and objects open at a time.
  [[nodiscard]] bool take_value(unsigned max_depth, JsonSlice& out);

  /// Ends the walk for a reason of the caller's. Always false.
  bool refuse(std::string_view problem);

  [[nodiscard]] std::string_view problem() const {
    const bool has_mark = std::string_view(begin_, end_).starts_with("\xEF\xBB\xBF");
    return has_mark ? "it begins with a byte order mark (BOM): remove those three bytes"
                    : fault_.what;
  }
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  static constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  bool settle(const char* at);

  const char* begin_;
  const char* at_;
  const char* end_;
  JsonFault fault_;
};

/// Appends what `text` stands for, its escapes resolved. Only for what `take_string` has taken.
void append_unescaped(std::string& out, const JsonString& text);

/// Appends `text` as a JSON string, in quotes. Escapes what RFC 8259 demands, and nothing else.
void append_json_string(std::string& out, std::string_view text);

}  // namespace aether
