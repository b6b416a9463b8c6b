// SPDX-License-Identifier: Apache-2.0
#include "core/siphash.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace aether {
namespace {

// What the authors published with their reference: the hashes of the texts 00, 00 01, 00 01 02, …
// of 0 to 63 bytes with the key 00 01 … 0f.
constexpr std::array<std::uint64_t, 64> kPublished = {
    0x726f'db47'dd0e'0e31, 0x74f8'39c5'93dc'67fd, 0x0d6c'8009'd9a9'4f5a, 0x8567'6696'd7fb'7e2d,
    0xcf27'94e0'2771'87b7, 0x1876'5564'cd99'a68d, 0xcbc9'466e'58fe'e3ce, 0xab02'00f5'8b01'd137,
    0x93f5'f579'9a93'2462, 0x9e00'82df'0ba9'e4b0, 0x7a5d'bbc5'94dd'b9f3, 0xf4b3'2f46'226b'ada7,
    0x751e'8fbc'860e'e5fb, 0x14ea'5627'c084'3d90, 0xf723'ca90'8e7a'f2ee, 0xa129'ca61'49be'45e5,
    0x3f2a'cc7f'57c2'9bdb, 0x699a'e9f5'2cbe'4794, 0x4bc1'b3f0'968d'd39c, 0xbb6d'c91d'a779'61bd,
    0xbed6'5cf2'1aa2'ee98, 0xd0f2'cbb0'2e3b'67c7, 0x9353'6795'e3a3'3e88, 0xa80c'038c'cd5c'cec8,
    0xb8ad'50c6'f649'af94, 0xbce1'92de'8a85'b8ea, 0x17d8'35b8'5bbb'15f3, 0x2f2e'6163'076b'cfad,
    0xde4d'aaac'a71d'c9a5, 0xa6a2'5066'8795'6571, 0xad87'a353'5c49'ef28, 0x32d8'92fa'd841'c342,
    0x7127'512f'72f2'7cce, 0xa7f3'2346'f959'78e3, 0x12e0'b01a'bb05'1238, 0x15e0'34d4'0fa1'97ae,
    0x314d'ffbe'0815'a3b4, 0x0279'90f0'2962'3981, 0xcadc'd4e5'9ef4'0c4d, 0x9abf'd876'6a33'735c,
    0x0e3e'a96b'5304'a7d0, 0xad0c'42d6'fc58'5992, 0x1873'06c8'9bc2'15a9, 0xd4a6'0abc'f379'2b95,
    0xf935'451d'e4f2'1df2, 0xa953'8f04'1975'5787, 0xdb9a'cddf'f56c'a510, 0xd06c'98cd'5c09'75eb,
    0xe612'a3cb'9ecb'a951, 0xc766'e62c'fcad'af96, 0xee64'435a'9752'fe72, 0xa192'd576'b245'165a,
    0x0a87'87bf'8ecb'74b2, 0x81b3'e73d'20b4'9b6f, 0x7fa8'220b'a3b2'ecea, 0x2457'31c1'3ca4'2499,
    0xb78d'bfaf'3a8d'83bd, 0xea1a'd565'322a'1a0b, 0x60e6'1c23'a379'5013, 0x6606'd7e4'4628'2b93,
    0x6ca4'ecb1'5c5f'91e1, 0x9f62'6da1'5c96'25f3, 0xe51b'3860'8ef2'5f57, 0x958a'324c'eb06'4572};

constexpr SipKey kKey = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(SipHash, GivesThePublishedVectors) {
  std::string text;
  for (std::size_t size = 0; size < kPublished.size(); ++size) {
    EXPECT_EQ(siphash_2_4(kKey, text), kPublished[size]) << size << " bytes";
    text += static_cast<char>(size);
  }
}

TEST(SipHash, DependsOnEachBitOfTheKey) {
  const std::uint64_t hash = siphash_2_4(kKey, "order-123");
  for (std::size_t bit = 0; bit < 8 * kKey.size(); ++bit) {
    SipKey other = kKey;
    other[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_NE(siphash_2_4(other, "order-123"), hash) << "bit " << bit;
  }
}

}  // namespace
}  // namespace aether
