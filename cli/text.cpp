// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <clocale>
#include <cstdint>
#include <cwchar>

namespace aether::cli {
namespace {

/// One step through UTF-8.
struct Step {
  char32_t code_point = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// How many bytes a character takes that begins with `first`; 0: none begins so.
std::size_t length_of(unsigned first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a following byte, or an overlong form
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

Step next(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = length_of(byte(0));
  if (length == 0 || text.size() < length) return {};
  if (length == 1) return {.code_point = byte(0), .bytes = 1, .valid = true};

  char32_t code_point = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code_point = (code_point << 6U) | (byte(i) & 0x3fU);
  }
  const bool overlong =
      (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (overlong || surrogate || code_point > 0x10ffff) return {};
  return {.code_point = code_point, .bytes = length, .valid = true};
}

/// Whether a terminal, or whoever reads it, could be misled.
bool is_dangerous(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||  // C0, DEL, C1
         c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) ||  // they turn the direction of writing
         c == 0x2028 || c == 0x2029;      // line and paragraph separator
}

void append_hex(std::string& out, std::uint32_t value, unsigned digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned shift = digits * 4; shift > 0;) {
    shift -= 4;
    out += kDigits[(value >> shift) & 0xfU];
  }
}

void append_escaped(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u";  // all that is escaped lies below U+10000
      append_hex(out, c, 4);
  }
}

std::string escape_as(std::string_view text, bool json) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Step step = next(text);
    const std::string_view bytes = text.substr(0, step.bytes);
    if (!step.valid) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else if (json && (text[0] == '\n' || text[0] == '\r' || text[0] == '\t')) {
      out += ' ';  // within a JSON string these are escaped already
    } else if (is_dangerous(step.code_point)) {
      append_escaped(out, step.code_point);
    } else {
      out += bytes;
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

std::size_t width_of(char32_t c) {
  if (c < 0x80) return 1;
  // wcwidth knows wide and combining characters, but only in a UTF-8 locale; whatever the user's
  // is, what the program prints is UTF-8. Where there is no such locale, each takes one cell.
  static const bool kHasWidths =
      std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;  // NOLINT(concurrency-mt-unsafe): once
  const int width = kHasWidths ? ::wcwidth(static_cast<wchar_t>(c)) : 1;
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::string escape(std::string_view text) { return escape_as(text, false); }

std::string escape_json(std::string_view json) { return escape_as(json, true); }

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Step step = next(text);
    width += step.valid ? width_of(step.code_point) : 1;
    text.remove_prefix(step.bytes);
  }
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t kept = 0;
  std::size_t cells = 0;
  while (kept < text.size()) {
    const Step step = next(text.substr(kept));
    cells += step.valid ? width_of(step.code_point) : 1;
    if (cells > width - 1) break;
    kept += step.bytes;
  }
  return std::string(text.substr(0, kept)) + "…";
}

std::string describe(const Data& data) {
  if (data.is_json()) return escape_json(data.text());
  if (data.content_type().starts_with("text/")) return escape(data.text());
  return "(" + count_of(data.size(), "byte") + " of " + escape(data.content_type()) + ")";
}

std::string count_of(std::uint64_t count, std::string_view noun) {
  std::string digits = std::to_string(count);
  for (std::size_t from_end = 3; from_end < digits.size(); from_end += 4) {
    digits.insert(digits.size() - from_end, ",");
  }
  return digits + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace aether::cli
