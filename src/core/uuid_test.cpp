// SPDX-License-Identifier: Apache-2.0
#include "aether/core/uuid.hpp"

#include "aether/testing/manual_clock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace aether {
namespace {

using testing::ManualClock;
using namespace std::chrono_literals;

// Ids never go backwards within a process, so a test that looks into the time of one needs a time
// that no other test, and no real clock, has reached.
Timestamp far_future() {
  static Timestamp next = *parse_timestamp("2200-01-01T00:00:00Z");
  return next += 24h;
}

std::uint64_t millis_in(std::string_view text) {
  const Uuid uuid = *parse_uuid(text);
  std::uint64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8U | uuid[i];
  return millis;
}

std::uint64_t fraction_in(std::string_view text) {
  const Uuid uuid = *parse_uuid(text);
  return (uuid[6] & 0x0FU) << 8U | uuid[7];
}

std::uint64_t millis_of(Timestamp time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

TEST(Uuid, OfRfc9562sExampleIsReadAndWritten) {
  // Appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
  const std::string example = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  const Uuid bytes = {0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x7C, 0xC3,
                      0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};

  EXPECT_EQ(parse_uuid(example), bytes);
  EXPECT_EQ(format_uuid(bytes), example);
  EXPECT_EQ(millis_in(example), millis_of(*parse_timestamp("2022-02-22T19:22:22Z")));
  EXPECT_EQ(fraction_in(example), 0xCC3U);
}

TEST(Uuid, IsReadInItsCanonicalFormOnly) {
  const std::string good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  ASSERT_TRUE(parse_uuid(good));
  for (const std::string& text :
       {std::string(), good.substr(1), good + "0", "{" + good + "}", std::string(36, '-'),
        std::string("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"),
        std::string("017f22e279b07cc398c4dc0c0c07398f"),
        std::string("017f22e-279b0-7cc3-98c4-dc0c0c07398f"),
        std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"),
        std::string("017f22e2-79b0-7cc3-98c4+dc0c0c07398f"), std::string(36, '\0')}) {
    EXPECT_FALSE(parse_uuid(text)) << text;
  }
}

TEST(UuidV7, HasTheLayoutOfRfc9562) {
  const Timestamp time = far_future() + 500us;
  const std::string id = make_uuid_v7(ManualClock(time));
  const Uuid uuid = *parse_uuid(id);

  EXPECT_EQ(millis_in(id), millis_of(time));
  EXPECT_EQ(fraction_in(id), 2048U);  // half of 4096ths of a millisecond
  EXPECT_EQ(uuid[6] >> 4U, 7U);       // version
  EXPECT_EQ(uuid[8] >> 6U, 2U);       // variant
}

TEST(UuidV7, CarriesTheFractionOfAMillisecondInTwelveBits) {
  const Timestamp time = far_future();
  EXPECT_EQ(fraction_in(make_uuid_v7(ManualClock(time))), 0U);
  EXPECT_EQ(fraction_in(make_uuid_v7(ManualClock(time + 250us))), 1024U);
  EXPECT_EQ(fraction_in(make_uuid_v7(ManualClock(time + 999'999ns))), 4095U);
}

TEST(UuidV7, GoesOnWhereTheClockStandsStillOrGoesBackwards) {
  ManualClock clock(far_future());
  std::string last = make_uuid_v7(clock);
  for (int i = 0; i < 10'000; ++i) {
    if (i % 3 == 0) clock.advance(-1s);
    std::string next = make_uuid_v7(clock);
    ASSERT_GT(next, last);
    last = std::move(next);
  }
  EXPECT_LE(millis_in(last), millis_of(clock.now()) + std::uint64_t{3'334'003});
}

TEST(UuidV7, TakesATimeBefore1970AsItsBeginning) {
  EXPECT_TRUE(parse_uuid(make_uuid_v7(ManualClock(Timestamp::min()))));
}

TEST(UuidV7, DrawsNewRandomBitsForEveryId) {
  std::set<std::string> tails;
  for (int i = 0; i < 10'000; ++i) tails.insert(make_uuid_v7().substr(19));
  EXPECT_EQ(tails.size(), 10'000U);

  // Each of the 62 bits is sometimes 0 and sometimes 1.
  Uuid ones{};
  Uuid zeros{};
  for (int i = 0; i < 200; ++i) {
    const Uuid uuid = *parse_uuid(make_uuid_v7());
    for (std::size_t b = 8; b < 16; ++b) {
      ones[b] |= uuid[b];
      zeros[b] |= static_cast<std::uint8_t>(~uuid[b]);
    }
  }
  EXPECT_EQ(ones[8], 0xBFU);
  EXPECT_EQ(zeros[8], 0x7FU);
  for (std::size_t b = 9; b < 16; ++b) {
    EXPECT_EQ(ones[b], 0xFFU);
    EXPECT_EQ(zeros[b], 0xFFU);
  }
}

TEST(UuidV7, IsUniqueAndGrowsInEveryOfManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kIds = 20'000;
  std::vector<std::vector<std::string>> ids(kThreads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (auto& mine : ids) {
      threads.emplace_back([&mine] {
        for (std::size_t i = 0; i < kIds; ++i) mine.push_back(make_uuid_v7());
      });
    }
  }
  // The first 60 bits of time alone are unique within a process.
  std::set<std::string> times;
  for (const auto& mine : ids) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    for (const std::string& id : mine) times.insert(id.substr(0, 18));
  }
  EXPECT_EQ(times.size(), kThreads * kIds);
}

// What `count` calls in a forked child draw as random bits.
std::vector<std::string> random_tails_of_child(std::size_t count) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string tail = make_uuid_v7().substr(19);
      if (write(pipe_ends[1], tail.data(), tail.size()) < 0) break;
    }
    _exit(0);
  }
  close(pipe_ends[1]);
  std::string all;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer, sizeof(buffer))) > 0;) {
    all.append(buffer, static_cast<std::size_t>(got));
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);
  std::vector<std::string> tails;
  for (std::size_t i = 0; i + 17 <= all.size(); i += 17) tails.push_back(all.substr(i, 17));
  return tails;
}

TEST(UuidV7, OfAForkedChildSharesNoRandomBitsWithItsParent) {
  (void)make_uuid_v7();  // so that there are bits left over to share
  const std::vector<std::string> child = random_tails_of_child(20);
  ASSERT_EQ(child.size(), 20U);
  std::set<std::string> all(child.begin(), child.end());
  for (int i = 0; i < 20; ++i) all.insert(make_uuid_v7().substr(19));

  EXPECT_EQ(all.size(), 40U);
}

}  // namespace
}  // namespace aether
