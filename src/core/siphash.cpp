// SPDX-License-Identifier: Apache-2.0
#include "core/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace aether {
namespace {

std::uint64_t from_little_endian(const void* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

/// The last 0 to 7 bytes, and the length's lowest byte on top. (Copying a number of bytes that is
/// known only at run time took a fifth of the whole hash.)
std::uint64_t last_word(std::string_view text) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const std::size_t rest = text.size() % kWord;
  std::uint64_t word = 0;
  if (rest != 0 && text.size() > kWord) {
    word = from_little_endian(text.data() + text.size() - kWord) >> 8 * (kWord - rest);
  } else {
    for (std::size_t i = 0; i < rest; ++i) {
      word |= std::uint64_t{static_cast<std::uint8_t>(text[text.size() - rest + i])} << 8 * i;
    }
  }
  return word | static_cast<std::uint64_t>(text.size()) << 56U;
}

class Sip {
 public:
  explicit Sip(const SipKey& key) {
    const std::uint64_t low = from_little_endian(key.data());
    const std::uint64_t high = from_little_endian(key.data() + sizeof(low));
    a_ = low ^ 0x736f'6d65'7073'6575;  // the constants spell "somepseudorandomlygeneratedbytes"
    b_ = high ^ 0x646f'7261'6e64'6f6d;
    c_ = low ^ 0x6c79'6765'6e65'7261;
    d_ = high ^ 0x7465'6462'7974'6573;
  }

  void take(std::uint64_t word) {
    d_ ^= word;
    round();
    round();
    a_ ^= word;
  }

  std::uint64_t finish() {
    c_ ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return a_ ^ b_ ^ c_ ^ d_;
  }

 private:
  void round() {
    a_ += b_;
    c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32) + d_;
    c_ += b_;
    b_ = std::rotl(b_, 17) ^ c_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ = std::rotl(c_, 32);
  }

  std::uint64_t a_;
  std::uint64_t b_;
  std::uint64_t c_;
  std::uint64_t d_;
};

}  // namespace

std::uint64_t siphash_2_4(const SipKey& key, std::string_view text) {
  Sip sip(key);
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    sip.take(from_little_endian(text.data() + at));
  }
  sip.take(last_word(text));
  return sip.finish();
}

}  // namespace aether
