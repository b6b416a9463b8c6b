// SPDX-License-Identifier: Apache-2.0
#include "core/json_scan.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace aether {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
constexpr bool is_special(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_high_surrogate(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

#if defined(__SSE2__)

// Strings are short, so what counts is to settle one in a single step; eight bytes at a time took
// twice as long.
[[gnu::always_inline]] inline const char* find_special(const char* at, const char* end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // NOLINTNEXTLINE(portability-simd-intrinsics): there is another way below
    const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
    const __m128i special = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (found != 0) return at + std::countr_zero(found);
  }
  while (at != end && !is_special(*at)) ++at;
  return at;
}

#else

const char* find_special(const char* at, const char* end) {
  while (at != end && !is_special(*at)) ++at;
  return at;
}

#endif

void append_utf8(std::string& out, unsigned code) {
  const auto byte = [&out](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | (code >> 6U));
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

unsigned hex4(const char* digits) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) value = value * 16 + static_cast<unsigned>(hex_value(digits[i]));
  return value;
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;  // '"', '\\' and '/' stand for themselves
  }
}

// Which of the open arrays and objects are objects, one bit each.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): `open` sets words_; clearing costs time
class Nesting {
 public:
  [[nodiscard]] unsigned depth() const { return depth_; }
  [[nodiscard]] unsigned deepest() const { return deepest_; }
  [[nodiscard]] bool in_object() const { return in_object_; }

  void open(bool object) {
    const unsigned place = depth_ % 64;
    std::uint64_t& word = words_[depth_ / 64];
    if (place == 0) word = 0;
    word = (word & ~(std::uint64_t{1} << place)) | std::uint64_t{object} << place;
    in_object_ = object;
    depth_ += 1;
    deepest_ = std::max(deepest_, depth_);
  }

  void close() {
    depth_ -= 1;
    if (depth_ == 0) return;
    const unsigned top = depth_ - 1;
    in_object_ = ((words_[top / 64] >> (top % 64)) & 1U) != 0;
  }

 private:
  std::array<std::uint64_t, kMaxJsonDepth / 64> words_;
  unsigned depth_ = 0;
  unsigned deepest_ = 0;
  bool in_object_ = false;
};

// The functions below take the place to begin at and return the place behind what they took, or
// null, with `fault` set. (Places in registers instead of members: a third of the time.)

const char* refused(JsonFault& fault, const char* at, std::string_view what) {
  fault = {.what = what, .at = at};
  return nullptr;
}

char byte_at(const char* at, const char* end) { return at != end ? *at : '\0'; }

const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

// `at` is behind "\\u".
const char* skip_hex4(const char* at, const char* end, JsonFault& fault) {
  if (end - at < 4 || std::any_of(at, at + 4, [](char c) { return hex_value(c) < 0; })) {
    return refused(fault, at, "a \\u escape needs four hexadecimal digits");
  }
  return at + 4;
}

// `at` is behind the backslash.
const char* skip_escape(const char* at, const char* end, JsonFault& fault) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kHalf = "a string holds half a surrogate pair";
  const char letter = byte_at(at, end);
  if (letter != 'u') {
    if (letter != '\0' && kLetters.find(letter) != std::string_view::npos) return at + 1;
    return refused(fault, at, "a string holds an unknown escape");
  }
  const char* const behind = skip_hex4(at + 1, end, fault);
  if (behind == nullptr) return nullptr;
  const unsigned unit = hex4(at + 1);
  if (is_low_surrogate(unit)) return refused(fault, at, kHalf);
  if (!is_high_surrogate(unit)) return behind;
  if (end - behind < 2 || behind[0] != '\\' || behind[1] != 'u') return refused(fault, at, kHalf);
  const char* const last = skip_hex4(behind + 2, end, fault);
  if (last == nullptr) return nullptr;
  return is_low_surrogate(hex4(behind + 2)) ? last : refused(fault, at, kHalf);
}

// `at` is behind the quote.
const char* skip_string(const char* at, const char* end, JsonFault& fault, bool& has_escapes) {
  for (;;) {
    at = find_special(at, end);
    if (at == end) return refused(fault, at, "a string has no end");
    if (*at == '"') return at + 1;
    if (*at != '\\') return refused(fault, at, "a string holds a control character");
    has_escapes = true;
    at = skip_escape(at + 1, end, fault);
    if (at == nullptr) return nullptr;
  }
}

const char* skip_digits(const char* at, const char* end, JsonFault& fault) {
  if (!is_digit(byte_at(at, end))) return refused(fault, at, "a number lacks a digit");
  while (at != end && is_digit(*at)) ++at;
  return at;
}

const char* skip_number(const char* at, const char* end, JsonFault& fault) {
  if (*at == '-') ++at;
  if (byte_at(at, end) == '0') {
    ++at;
    if (is_digit(byte_at(at, end))) return refused(fault, at, "a number begins with 0");
  } else {
    at = skip_digits(at, end, fault);
  }
  if (at != nullptr && byte_at(at, end) == '.') at = skip_digits(at + 1, end, fault);
  if (at == nullptr || (byte_at(at, end) != 'e' && byte_at(at, end) != 'E')) return at;
  ++at;
  if (byte_at(at, end) == '+' || byte_at(at, end) == '-') ++at;
  return skip_digits(at, end, fault);
}

const char* skip_literal(const char* at, const char* end, JsonFault& fault,
                         std::string_view literal) {
  const std::string_view rest(at, static_cast<std::size_t>(end - at));
  if (!rest.starts_with(literal)) return refused(fault, at, "a value is expected");
  return at + literal.size();
}

const char* skip_scalar(const char* at, const char* end, JsonFault& fault) {
  const char first = byte_at(at, end);
  bool has_escapes = false;
  if (first == '"') return skip_string(at + 1, end, fault, has_escapes);
  if (first == '-' || is_digit(first)) return skip_number(at, end, fault);
  if (first == 't') return skip_literal(at, end, fault, "true");
  if (first == 'f') return skip_literal(at, end, fault, "false");
  if (first == 'n') return skip_literal(at, end, fault, "null");
  return refused(fault, at, "a value is expected");
}

const char* skip_key(const char* at, const char* end, JsonFault& fault) {
  bool has_escapes = false;
  at = skip_space(at, end);
  if (byte_at(at, end) != '"') return refused(fault, at, "a key is expected");
  at = skip_string(at + 1, end, fault, has_escapes);
  if (at == nullptr) return nullptr;
  at = skip_space(at, end);
  return byte_at(at, end) == ':' ? at + 1 : refused(fault, at, "a ':' is expected after a key");
}

// A value has ended: closes the arrays and objects that end with it, and goes on to the place of
// the next value.
const char* close_values(const char* at, const char* end, JsonFault& fault, Nesting& nesting) {
  while (nesting.depth() != 0) {
    at = skip_space(at, end);
    const char c = byte_at(at, end);
    if (c == ',') return nesting.in_object() ? skip_key(at + 1, end, fault) : at + 1;
    if (c != (nesting.in_object() ? '}' : ']')) {
      return refused(fault, at,
                     nesting.in_object() ? "a ',' or '}' is expected" : "a ',' or ']' is expected");
    }
    ++at;
    nesting.close();
  }
  return at;
}

// `at` is at a bracket. Goes on to the first value within, or beyond if there is none.
const char* open_value(const char* at, const char* end, JsonFault& fault, unsigned max_depth,
                       Nesting& nesting) {
  const bool object = *at == '{';
  if (nesting.depth() == max_depth) return refused(fault, at, "it is nested too deeply");
  nesting.open(object);
  at = skip_space(at + 1, end);
  if (byte_at(at, end) != (object ? '}' : ']')) return object ? skip_key(at, end, fault) : at;
  nesting.close();
  return close_values(at + 1, end, fault, nesting);
}

const char* skip_value(const char* at, const char* end, JsonFault& fault, unsigned max_depth,
                       unsigned& deepest) {
  Nesting nesting;
  for (;;) {
    at = skip_space(at, end);
    const char first = byte_at(at, end);
    if (first == '{' || first == '[') {
      at = open_value(at, end, fault, max_depth, nesting);
    } else {
      at = skip_scalar(at, end, fault);
      if (at != nullptr) at = close_values(at, end, fault, nesting);
    }
    if (at == nullptr) return nullptr;
    if (nesting.depth() == 0) break;
  }
  deepest = nesting.deepest();
  return at;
}

}  // namespace

bool JsonScanner::refuse(std::string_view problem) {
  fault_ = {.what = problem, .at = at_};
  return false;
}

// Goes on to `at`; null: stays where the fault is.
bool JsonScanner::settle(const char* at) {
  at_ = at != nullptr ? at : fault_.at;
  return at != nullptr;
}

bool JsonScanner::take_string(JsonString& out) {
  if (!accept('"')) return refuse("a string is expected");
  const char* const start = at_;
  out.has_escapes = false;
  if (!settle(skip_string(at_, end_, fault_, out.has_escapes))) return false;
  out.raw = std::string_view(start, static_cast<std::size_t>(at_ - start) - 1);
  return true;
}

bool JsonScanner::take_value(unsigned max_depth, JsonSlice& out) {
  at_ = skip_space(at_, end_);
  const char* const start = at_;
  const unsigned limit = std::min(max_depth, kMaxJsonDepth);
  if (!settle(skip_value(at_, end_, fault_, limit, out.depth))) return false;
  out.text = std::string_view(start, static_cast<std::size_t>(at_ - start));
  return true;
}

void append_unescaped(std::string& out, const JsonString& text) {
  std::string_view rest = text.raw;
  for (;;) {
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) return;
    if (rest[1] != 'u') {
      out += simple_escape(rest[1]);
      rest.remove_prefix(2);
      continue;
    }
    unsigned code = hex4(rest.data() + 2);
    rest.remove_prefix(6);
    if (is_high_surrogate(code)) {
      code = 0x10000U + ((code - 0xD800U) << 10U) + (hex4(rest.data() + 2) - 0xDC00U);
      rest.remove_prefix(6);
    }
    append_utf8(out, code);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out += '"';
  for (;;) {
    const char* const special = find_special(at, end);
    out.append(at, special);
    if (special == end) break;
    out += '\\';
    switch (*special) {
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '"':
      case '\\':
        out += *special;
        break;
      default:
        out += "u00";
        out += kHexDigits[static_cast<unsigned char>(*special) >> 4U];
        out += kHexDigits[static_cast<unsigned char>(*special) & 0xFU];
    }
    at = special + 1;
  }
  out += '"';
}

}  // namespace aether
