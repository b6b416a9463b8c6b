// SPDX-License-Identifier: Apache-2.0
#include "disk_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace aether::crash {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = Record::Kind;

constexpr std::size_t kPage = 4096;

Record create(int file, const std::string& name) {
  return {.kind = Kind::create, .file = file, .name = name};
}

Record write(int file, std::int64_t offset, char letter) {
  return {.kind = Kind::write,
          .file = file,
          .offset = offset,
          .data = std::vector(kPage, static_cast<std::byte>(letter))};
}

Record sync(int file) { return {.kind = Kind::sync, .file = file}; }

Record sync_folder() { return {.kind = Kind::sync_folder}; }

class DiskModelTest : public ::testing::Test {
 protected:
  void apply(std::initializer_list<Record> records) {
    for (const Record& record : records) disk_.apply(record);
  }

  Image image(Fate fate) { return disk_.image(fate, random_); }

  // How many sectors of the first page hold this.
  static std::size_t sectors_of(const std::vector<std::byte>& bytes, char letter) {
    return static_cast<std::size_t>(std::ranges::count(bytes, static_cast<std::byte>(letter))) /
           512;
  }

  DiskModel disk_;
  Random random_{1};
};

TEST_F(DiskModelTest, WhatWasSyncedIsInEveryImage) {
  apply({create(1, "db"), write(1, 0, 'a'), sync(1), sync_folder()});

  for (const Fate fate : {Fate::none, Fate::all, Fate::random}) {
    EXPECT_EQ(image(fate), (Image{{"db", std::vector(kPage, std::byte{'a'})}}));
  }
  EXPECT_FALSE(disk_.uncertain());
}

TEST_F(DiskModelTest, AWriteAfterTheSyncIsLostWholeOrTorn) {
  apply({create(1, "db"), write(1, 0, 'a'), sync(1), sync_folder(), write(1, 0, 'b')});

  EXPECT_EQ(sectors_of(image(Fate::none)["db"], 'b'), 0U);
  EXPECT_EQ(sectors_of(image(Fate::all)["db"], 'b'), 8U);
  std::set<std::size_t> seen;
  for (int i = 0; i < 200; ++i) {
    const auto bytes = image(Fate::random)["db"];
    EXPECT_EQ(sectors_of(bytes, 'a') + sectors_of(bytes, 'b'), 8U);
    seen.insert(sectors_of(bytes, 'b'));
  }
  EXPECT_GT(seen.size(), 6U);
  EXPECT_GT(disk_.torn_writes(), 0U);
}

TEST_F(DiskModelTest, ALaterWriteMayArriveWithoutAnEarlierOne) {
  apply({create(1, "db"), sync_folder(), write(1, 0, 'a'), write(1, kPage, 'b')});

  bool seen = false;
  for (int i = 0; i < 200 && !seen; ++i) {
    const auto bytes = image(Fate::random)["db"];
    seen = bytes.size() == 2 * kPage && sectors_of(bytes, 'a') == 0 && sectors_of(bytes, 'b') == 8;
  }
  EXPECT_TRUE(seen);
}

TEST_F(DiskModelTest, ASyncOfOneFileKeepsNothingOfAnother) {
  apply({create(1, "db"), create(2, "db-wal"), sync_folder(), write(1, 0, 'a'), sync(2)});

  EXPECT_THAT(image(Fate::none)["db"], IsEmpty());
}

TEST_F(DiskModelTest, ASyncAfterAFailedOneKeepsOnlyWhatWasWrittenSince) {
  apply({create(1, "wal"), sync_folder(), write(1, 0, 'a')});
  apply({{.kind = Kind::failed_sync, .file = 1}, write(1, kPage, 'b'), sync(1)});

  EXPECT_EQ(sectors_of(image(Fate::none)["wal"], 'a'), 0U);
  EXPECT_EQ(sectors_of(image(Fate::none)["wal"], 'b'), 8U);
  EXPECT_EQ(sectors_of(image(Fate::all)["wal"], 'a'), 8U);
  apply({write(1, 0, 'c'), sync(1)});
  for (const Fate fate : {Fate::none, Fate::all, Fate::random}) {
    EXPECT_EQ(sectors_of(image(fate)["wal"], 'c'), 8U);
  }
}

TEST_F(DiskModelTest, ANameIsCertainOnlyAfterASyncOfTheFolder) {
  apply({create(1, "db"), write(1, 0, 'a'), sync(1)});

  EXPECT_THAT(image(Fate::none), IsEmpty());
  EXPECT_THAT(image(Fate::all), SizeIs(1));
}

TEST_F(DiskModelTest, ARemovedFileMayComeBackAsItWas) {
  apply({create(1, "wal"), write(1, 0, 'a'), sync(1), sync_folder()});
  apply({{.kind = Kind::remove, .name = "wal"}, create(2, "wal"), write(2, 0, 'b'), sync(2)});

  EXPECT_EQ(sectors_of(image(Fate::none)["wal"], 'a'), 8U);
  EXPECT_EQ(sectors_of(image(Fate::all)["wal"], 'b'), 8U);
  apply({sync_folder()});
  EXPECT_EQ(sectors_of(image(Fate::none)["wal"], 'b'), 8U);
}

TEST_F(DiskModelTest, ATruncateIsUncertainUntilTheSync) {
  apply({create(1, "db"), write(1, 0, 'a'), sync(1), sync_folder()});
  apply({{.kind = Kind::truncate, .file = 1, .size = 0}});

  EXPECT_THAT(image(Fate::none)["db"], SizeIs(kPage));
  EXPECT_THAT(image(Fate::all)["db"], IsEmpty());
  apply({sync(1)});
  EXPECT_THAT(image(Fate::none)["db"], IsEmpty());
}

TEST_F(DiskModelTest, TheSameSeedGivesTheSameImage) {
  apply({create(1, "db"), sync_folder(), write(1, 0, 'a'), write(1, kPage, 'b')});

  Random one(7);
  Random other(7);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(disk_.image(Fate::random, one), disk_.image(Fate::random, other));
  }
}

}  // namespace
}  // namespace aether::crash
