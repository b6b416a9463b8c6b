// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/lease_options.hpp"

#include "cluster/lease_record.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using testing::FailsWith;
using testing::Succeeds;

TEST(LeaseOptionsTest, TheProfilesAreGood) {
  EXPECT_THAT(check_lease_options({}), Succeeds());
  EXPECT_THAT(check_lease_options(LeaseOptions::fast()), Succeeds());
}

TEST(LeaseOptionsTest, WhatMakesNoLeaseIsRefused) {
  const std::vector<LeaseOptions> bad = {
      {.ttl = milliseconds(199), .renew = milliseconds(50)},
      {.ttl = milliseconds(60'001)},
      {.renew = milliseconds(0)},
      {.renew = milliseconds(1'001)},
      {.clock_drift = -0.01},
      {.clock_drift = 0.5},
      {.clock_drift = std::numeric_limits<double>::quiet_NaN()},
      {.margin = milliseconds(-1)},
      {.margin = milliseconds(1'480)},
      {.renew = milliseconds(1'000), .clock_drift = 0.49},
  };
  for (const LeaseOptions& options : bad) {
    EXPECT_THAT(check_lease_options(options), FailsWith(Errc::invalid_argument));
  }
}

TEST(LeaseRecordTest, IsReadAsItWasWritten) {
  for (const LeaseRecord& record :
       {LeaseRecord{.holder = "node-a",
                    .tenure = "t-1",
                    .ttl = milliseconds(3'000),
                    .count = std::numeric_limits<std::uint64_t>::max(),
                    .data = R"({"load":0.5,"labels":{"zone":"a\"b"}})"},
        LeaseRecord{.holder = "", .tenure = "", .ttl = milliseconds(0), .count = 0, .data = ""},
        LeaseRecord{.holder = "n\n\"\xC3\xA9",
                    .tenure = "t",
                    .ttl = kMaxLeaseTtl,
                    .count = 1,
                    .data = {}}}) {
    const auto read = parse_lease(format_lease(record));
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(*read, record);
  }
}

TEST(LeaseRecordTest, WhatIsNoRecordIsRefused) {
  const std::vector<std::string> bad = {
      "",
      "{",
      "[]",
      "null",
      "{}",
      R"({"v":1})",
      R"({"v":2,"holder":"a","tenure":"t","ttl_ms":1,"count":1})",
      R"({"v":1,"holder":1,"tenure":"t","ttl_ms":1,"count":1})",
      R"({"v":1,"holder":"a","tenure":"t","ttl_ms":-1,"count":1})",
      R"({"v":1,"holder":"a","tenure":"t","ttl_ms":1.5,"count":1})",
      R"({"v":1,"holder":"a","tenure":"t","ttl_ms":1})",
      "{\"v\":1,\"holder\":\"\xFF\",\"tenure\":\"t\",\"ttl_ms\":1,\"count\":1}",
      std::string(100, '['),
  };
  for (const std::string& text : bad) {
    EXPECT_THAT(parse_lease(text), FailsWith(Errc::corrupt)) << text;
  }
}

}  // namespace
}  // namespace aether
