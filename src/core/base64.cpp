// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace aether {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNoDigit = 0xFF;
using DigitValues = std::array<std::uint8_t, 256>;

constexpr DigitValues invert(std::string_view alphabet) {
  DigitValues values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr DigitValues kStandardValues = invert(kStandard);
constexpr DigitValues kUrlValues = invert(kUrl);

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes, Base64 kind) {
  const std::string_view alphabet = kind == Base64::url ? kUrl : kStandard;
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  const auto digit = [&](std::uint32_t group, unsigned shift) {
    out += alphabet[(group >> shift) & 0x3FU];
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group =
        byte_at(bytes, i) << 16U | byte_at(bytes, i + 1) << 8U | byte_at(bytes, i + 2);
    digit(group, 18);
    digit(group, 12);
    digit(group, 6);
    digit(group, 0);
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t second = left == 2 ? byte_at(bytes, i + 1) : 0;
  const std::uint32_t group = byte_at(bytes, i) << 16U | second << 8U;
  digit(group, 18);
  digit(group, 12);
  if (left == 2) digit(group, 6);
  if (kind == Base64::standard) out.append(left == 2 ? "=" : "==");
}

bool decode_base64(std::string& out, std::string_view text, Base64 kind) {
  if (kind == Base64::standard) {
    if (text.size() % 4 != 0) return false;
    if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  const DigitValues& values = kind == Base64::url ? kUrlValues : kStandardValues;
  out.reserve(out.size() + text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;  // of `group` that are not written yet
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return false;
    group = (group << 6U | value) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((group >> bits) & 0xFFU);
  }
  // One digit alone holds no byte, and the bits that are left over carry nothing.
  return bits < 6 && (group & ((1U << bits) - 1U)) == 0;
}

}  // namespace aether
