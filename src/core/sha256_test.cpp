// SPDX-License-Identifier: Apache-2.0
#include "core/sha256.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace aether {
namespace {

constexpr std::string_view kHashOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, ComputesTheVectorsOfFips180) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), kHashOfAbc);
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TakesItsInputInPiecesAndStartsAnewAfterFinish) {
  Sha256 hasher;
  EXPECT_EQ(to_hex(hasher.update("a").update("").update("bc").finish()), kHashOfAbc);
  EXPECT_EQ(to_hex(hasher.update("abc").finish()), kHashOfAbc);
  EXPECT_EQ(hasher.finish(), sha256(""));
}

TEST(Sha256, ServesManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 1'000; ++i) EXPECT_EQ(to_hex(sha256("abc")), kHashOfAbc);
    });
  }
}

TEST(ChainHash, IsReadBackFromItsHexadecimalForm) {
  const Hash hash = sha256("abc");
  EXPECT_EQ(parse_hash(to_hex(hash)), hash);
  EXPECT_EQ(to_hex(Hash{}), std::string(64, '0'));
  EXPECT_EQ(parse_hash(std::string(64, '0')), Hash{});
}

TEST(ChainHash, IsReadFromNothingElse) {
  const std::string good(kHashOfAbc);
  std::string upper = good;
  upper[0] = 'B';
  std::string foreign = good;
  foreign[63] = 'g';
  for (const std::string& text : {std::string(), good.substr(1), good + "0", upper, foreign,
                                  " " + good.substr(1), std::string(64, '\n')}) {
    const Result<Hash> parsed = parse_hash(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace aether
