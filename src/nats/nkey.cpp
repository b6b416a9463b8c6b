// SPDX-License-Identifier: Apache-2.0
// A seed is base32 (RFC 4648, unpadded) of two bytes that say "seed" and whose, of 32 bytes, and
// of a CRC-16 (XMODEM, little endian); a public key the same with one byte that says whose.
#include "nats/nkey.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace aether::nats {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSeedBytes = 2 + kKeyBytes + 2;
constexpr std::size_t kSeedLetters = 58;
constexpr std::uint8_t kUser = 20 << 3;  // its first letter is 'U'

using SeedBytes = std::array<std::uint8_t, kSeedBytes>;

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
  constexpr unsigned kPolynomial = 0x1021;
  unsigned crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc ^= unsigned{byte} << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ kPolynomial : crc << 1U;
    }
    crc &= 0xFFFFU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::optional<SeedBytes> decode(std::string_view letters) {
  SeedBytes bytes{};
  std::size_t size = 0;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char letter : letters) {
    const std::size_t value = kBase32.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5U) | static_cast<unsigned>(value);
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.at(size++) = static_cast<std::uint8_t>(bits >> count);
    bits &= (1U << count) - 1;
  }
  return bytes;
}

std::string encode(std::span<const std::uint8_t> bytes) {
  std::string letters;
  unsigned bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    for (; count >= 5; count -= 5) letters += kBase32[(bits >> (count - 5)) & 31U];
    bits &= (1U << count) - 1;
  }
  if (count > 0) letters += kBase32[(bits << (5 - count)) & 31U];
  return letters;
}

// The line that is a user's seed; around it may stand what makes the file pleasant to read.
std::string_view seed_in(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.starts_with("SU") && line.size() == kSeedLetters) return line;
  }
  return "";
}

Result<std::string> public_key(const SeedBytes& seed) {
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data() + 2, kKeyBytes));
  std::array<std::uint8_t, 1 + kKeyBytes + 2> bytes{kUser};
  std::size_t size = kKeyBytes;
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes.data() + 1, &size) != 1) {
    return fail(Errc::unsupported, "This machine's OpenSSL has no Ed25519, which nkeys need.");
  }
  const std::uint16_t crc = crc16(std::span(bytes).first(1 + kKeyBytes));
  bytes[1 + kKeyBytes] = static_cast<std::uint8_t>(crc & 0xFFU);
  bytes[1 + kKeyBytes + 1] = static_cast<std::uint8_t>(crc >> 8U);
  return encode(bytes);
}

}  // namespace

Result<std::string> public_key_of_seed(std::string_view text) {
  auto seed = decode(seed_in(text));
  const auto crc_of = [](const SeedBytes& bytes) {
    return static_cast<unsigned>(bytes[kSeedBytes - 2]) | unsigned{bytes[kSeedBytes - 1]} << 8U;
  };
  if (!seed || crc16(std::span(*seed).first(kSeedBytes - 2)) != crc_of(*seed) || (*seed)[0] == 0) {
    return fail(Errc::invalid_argument,
                "The seed file holds no user's nkey seed: a line of 58 letters that begins with "
                "\"SU\".");
  }
  auto key = public_key(*seed);
  OPENSSL_cleanse(seed->data(), seed->size());
  return key;
}

}  // namespace aether::nats
