// SPDX-License-Identifier: Apache-2.0
#include "nats/nkey.hpp"

#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::nats {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// The pair that NATS' documentation shows.
const std::string kSeed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const std::string kPublic = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

TEST(NkeyTest, ThePublicKeyIsThatOfTheSeed) {
  EXPECT_EQ(public_key_of_seed(kSeed), kPublic);
  EXPECT_EQ(public_key_of_seed("-----BEGIN USER NKEY SEED-----\r\n" + kSeed + "\r\n------END\n"),
            kPublic);
}

TEST(NkeyTest, WhatIsNoSeedIsRefusedAndNotShown) {
  std::string mistyped = kSeed;
  mistyped[30] = 'A';
  EXPECT_THAT(public_key_of_seed(""), FailsWith(Errc::invalid_argument));
  for (const std::string& bad :
       {kPublic, kSeed.substr(1), kSeed + "A", mistyped, "SU" + std::string(56, '1')}) {
    const auto key = public_key_of_seed(bad);
    ASSERT_THAT(key, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(key.error().message, Not(HasSubstr(bad)));
  }
}

}  // namespace
}  // namespace aether::nats
