// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace aether {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;
constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t load_word(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, kWord);
  return word;
}

// A byte that is not printable ASCII sets its high bit: it is below 0x20, is DEL, or is above
// 0x7F. Borrows between bytes may set more bits than that, but never clear one.
std::uint64_t unprintable(std::uint64_t word) {
  const std::uint64_t below_space = word - (kOnes * 0x20);
  const std::uint64_t is_del = (word ^ (kOnes * 0x7F)) - kOnes;
  return (below_space | is_del | word) & kHighBits;
}

bool is_printable(char c) { return c >= 0x20 && c < 0x7F; }

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + kWord <= text.size(); i += kWord) seen |= load_word(text.data() + i);
  for (; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
  return (seen & kHighBits) == 0;
}

// How many bytes the character at the front of `text` has; 0 when it is not UTF-8.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  std::size_t size = 1;
  if (first >= 0x80) size = 2;
  if (first >= 0xE0) size = 3;
  if (first >= 0xF0) size = 4;
  if (size > text.size() || !is_valid_utf8(text.substr(0, size))) return 0;
  return size;
}

// Only for valid UTF-8.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

void append_escaped(std::string& out, unsigned char byte) {
  out += "\\x";
  out += kHexDigits[byte >> 4U];
  out += kHexDigits[byte & 0xFU];
}

// What is wrong with a text that is not printable ASCII; "" when nothing is.
std::string_view find_fault(std::string_view text) {
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) return "holds a control character";
  }
  return "";
}

}  // namespace

bool is_printable_ascii(std::string_view text) {
  if (text.size() < kWord) return std::ranges::all_of(text, is_printable);
  // The last word overlaps the one before it: no byte is left over to be looked at alone.
  std::uint64_t seen = unprintable(load_word(text.data() + text.size() - kWord));
  for (std::size_t i = 0; i + kWord < text.size(); i += kWord) {
    seen |= unprintable(load_word(text.data() + i));
  }
  return seen == 0;
}

std::string Quoted::operator()(std::string_view value) const {
  constexpr std::size_t kShown = 64;
  std::string out = "\"";
  std::size_t i = 0;
  while (i < value.size() && i < kShown) {
    const std::size_t size = character_size(value.substr(i));
    const auto byte = static_cast<unsigned char>(value[i]);
    if (size == 0) {
      append_escaped(out, byte);
      i += 1;
      continue;
    }
    const std::string_view character = value.substr(i, size);
    if (is_control(character)) {
      for (const char c : character) append_escaped(out, static_cast<unsigned char>(c));
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += character;
    }
    i += size;
  }
  out += i < value.size() ? "\"..." : "\"";
  return out;
}

bool is_valid_utf8(std::string_view text) {
  // The SIMD check costs about 20 ns however short the text is, and most names are short.
  constexpr std::size_t kShort = 64;
  if (text.size() <= kShort && is_ascii(text)) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

Result<void> check_name(std::string_view field, std::string_view value, std::size_t max_bytes) {
  if (value.empty()) {
    return fail(Errc::invalid_argument, concat("the ", field, " is empty: give it a value"));
  }
  if (value.size() > max_bytes) {
    return fail(Errc::invalid_argument,
                concat("the ", field, " ", quoted(value), " has ", value.size(), " bytes: at most ",
                       max_bytes, " are allowed"));
  }
  return check_text(field, value);
}

Result<void> check_text(std::string_view field, std::string_view value) {
  if (is_printable_ascii(value)) return {};
  const std::string_view fault = find_fault(value);
  if (fault.empty()) return {};
  return fail(Errc::invalid_argument, concat("the ", field, " ", quoted(value), " ", fault,
                                             ": only UTF-8 without control characters is allowed"));
}

}  // namespace aether
