// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/test_folder.hpp"
#include "sqlite/test_sql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace aether::sqlite {
namespace {

using ::testing::HasSubstr;

Event order_placed(const std::string& actor_id) {
  return {.event_type = "OrderPlaced", .actor_id = actor_id};
}

class OpenTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "events.db") const { return folder_.file(name); }

  void make_store(int events = 1) {
    auto store = open(path()).value();
    for (int i = 0; i < events; ++i) ASSERT_TRUE(store->append(order_placed("order-1")));
  }

  static Error failure(const std::string& path, Access access = Access::read_write) {
    auto opened = open(path, {.access = access});
    if (opened) return {.code = Errc::closed, .message = "it was opened"};
    return opened.error();
  }

  void write_file(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }

  static std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TestFolder folder_;
};

TEST_F(OpenTest, ReadingADatabaseThatIsNotThereIsNotFound) {
  EXPECT_EQ(failure(path(), Access::read_only).code, Errc::not_found);

  EXPECT_FALSE(std::filesystem::exists(path())) << "reading must not make a file";
}

TEST_F(OpenTest, AFolderThatIsNotThereIsNotFound) {
  const Error error = failure(path("no/such/events.db"));

  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_THAT(error.message, HasSubstr("make it first"));
}

TEST_F(OpenTest, AFolderInPlaceOfAFileIsRefused) {
  for (const Access access : {Access::read_only, Access::read_write}) {
    EXPECT_EQ(failure(folder_.path().string(), access).code, Errc::invalid_argument);
  }
}

TEST_F(OpenTest, ADeviceAPipeAndAnEmptyPathAreRefused) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);

  EXPECT_EQ(failure("/dev/null").code, Errc::invalid_argument);
  EXPECT_EQ(failure(path("pipe")).code, Errc::invalid_argument);
  EXPECT_EQ(failure("").code, Errc::invalid_argument);
  EXPECT_EQ(failure(std::string("a\0b", 3)).code, Errc::invalid_argument);
}

TEST_F(OpenTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  Sql(path()).run("CREATE TABLE t (x)");
  const std::string before = read_file(path());

  EXPECT_EQ(failure(path()).code, Errc::invalid_argument);
  EXPECT_EQ(failure(path(), Access::read_only).code, Errc::invalid_argument);
  EXPECT_EQ(read_file(path()), before) << "its journal mode, for one, is part of the file";
}

TEST_F(OpenTest, WhatIsNoPathIsRefused) {
  for (const char* name : {"", ":memory:", "sqlite:events.db", "file:events.db"}) {
    EXPECT_EQ(failure(name).code, Errc::invalid_argument) << name;
  }
}

TEST_F(OpenTest, AFileThatIsNoDatabaseIsCorrupt) {
  write_file("short.db", "hello");
  write_file("long.db", std::string(8192, 'x'));

  for (const Access access : {Access::read_only, Access::read_write}) {
    EXPECT_EQ(failure(path("short.db"), access).code, Errc::corrupt);
    EXPECT_EQ(failure(path("long.db"), access).code, Errc::corrupt);
  }
}

TEST_F(OpenTest, ATruncatedDatabaseIsCorruptAtOnce) {
  make_store(200);
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) / 2);

  for (const Access access : {Access::read_only, Access::read_write}) {
    const Error error = failure(path(), access);
    EXPECT_EQ(error.code, Errc::corrupt);
    EXPECT_THAT(error.message, HasSubstr("restore a backup"));
  }
}

TEST_F(OpenTest, AnEmptyFileBecomesAStoreForAWriterAndIsNotFoundForAReader) {
  write_file("events.db", "");

  EXPECT_EQ(failure(path(), Access::read_only).code, Errc::not_found);
  EXPECT_TRUE(open(path())->get()->append(order_placed("order-1")));
}

TEST_F(OpenTest, ANewerFormatIsUnsupported) {
  make_store();
  Sql(path()).run("PRAGMA user_version = 2");

  EXPECT_EQ(failure(path()).code, Errc::unsupported);
  EXPECT_EQ(failure(path(), Access::read_only).code, Errc::unsupported);
}

TEST_F(OpenTest, ASecondWriterIsToldWhoWrites) {
  auto first = open(path()).value();

  const Error error = failure(path());

  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_THAT(error.message, HasSubstr(std::to_string(getpid())));
  first.reset();
  EXPECT_TRUE(open(path())) << "the right to write ends with the store";
}

TEST_F(OpenTest, ASecondWritingProcessIsRefusedAndReadersAreNot) {
  auto writer = open(path()).value();
  ASSERT_TRUE(writer->append(order_placed("order-1")));

  const pid_t child = fork();
  if (child == 0) {
    const bool refused = failure(path()).code == Errc::unavailable;
    auto reader = open(path(), {.access = Access::read_only});
    const bool reads = reader && (*reader)->read("order-1")->size() == 1;
    _exit(refused && reads ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(OpenTest, ASymbolicLinkIsTheDatabaseThatItNames) {
  make_store();
  std::filesystem::create_symlink(path(), path("link.db"));
  auto writer = open(path("link.db")).value();

  EXPECT_EQ(writer->latest_version("order-1"), 1U);
  EXPECT_EQ(failure(path()).code, Errc::unavailable) << "it is open under its other name";
}

TEST_F(OpenTest, ALinkToAFileThatIsNotThereYetIsTheDatabaseThatItNames) {
  std::filesystem::create_symlink("events.db", path("link.db"));
  std::filesystem::create_symlink(path("link.db"), path("second.db"));
  auto writer = open(path("second.db")).value();

  EXPECT_TRUE(std::filesystem::is_regular_file(path()));
  EXPECT_EQ(failure(path()).code, Errc::unavailable) << "it is open under its other name";
}

TEST_F(OpenTest, LinksThatLeadInACircleAreAnError) {
  std::filesystem::create_symlink(path("a.db"), path("b.db"));
  std::filesystem::create_symlink(path("b.db"), path("a.db"));

  EXPECT_EQ(failure(path("a.db")).code, Errc::invalid_argument);
}

TEST_F(OpenTest, ADatabaseWithTwoNamesIsRefused) {
  make_store();
  std::filesystem::create_hard_link(path(), path("other.db"));

  for (const Access access : {Access::read_only, Access::read_write}) {
    EXPECT_EQ(failure(path(), access).code, Errc::invalid_argument);
    EXPECT_EQ(failure(path("other.db"), access).code, Errc::invalid_argument);
  }
}

TEST_F(OpenTest, APipeInPlaceOfAFileBesideTheDatabaseIsRefused) {
  make_store();
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    ASSERT_EQ(mkfifo((path() + suffix).c_str(), 0600), 0);

    EXPECT_EQ(failure(path(), Access::read_only).code, Errc::invalid_argument) << suffix;
    EXPECT_EQ(failure(path()).code, Errc::invalid_argument) << suffix;
    std::filesystem::remove(path() + suffix);
  }
}

TEST_F(OpenTest, ANameThatIsTooLongForItsCompanionsIsRefused) {
  EXPECT_EQ(failure(path(std::string(248, 'x'))).code, Errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path(std::string(248, 'x'))));
  EXPECT_TRUE(open(path(std::string(247, 'x'))));
}

TEST_F(OpenTest, TheLockIsSharedWithWhomTheDatabaseIsSharedWith) {
  make_store();
  std::filesystem::permissions(path(), std::filesystem::perms(0664));
  make_store();

  EXPECT_EQ(std::filesystem::status(path() + "-lock").permissions(), std::filesystem::perms(0664));
}

TEST_F(OpenTest, AForkedChildDoesNotKeepTheLock) {
  auto store = open(path()).value();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    close(ends[1]);
    [[maybe_unused]] const auto got = read(ends[0], &byte, 1);
    _exit(0);
  }
  store.reset();

  EXPECT_TRUE(open(path()));
  close(ends[1]);
  close(ends[0]);
  waitpid(child, nullptr, 0);
}

TEST_F(OpenTest, AReaderFollowsALogThatWasReplaced) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();  // another process, for one process shares the log's index
  if (child == 0) {
    char byte = 0;
    const bool told = read(ends[0], &byte, 1) == 1;
    auto writer = open(path());
    _exit(told && writer && (*writer)->append(order_placed("order-2")) ? 0 : 1);
  }
  make_store();
  std::optional<Sql> holder(path());
  holder->run("BEGIN; SELECT count(*) FROM events");  // keeps log and index when a store is closed
  make_store();
  auto reader = open(path(), {.access = Access::read_only}).value();
  ASSERT_EQ(reader->latest_version("order-1"), 2U);
  holder.reset();
  std::filesystem::remove(path() + "-wal");
  std::filesystem::remove(path() + "-shm");
  ASSERT_EQ(write(ends[1], "!", 1), 1);
  int status = -1;
  waitpid(child, &status, 0);

  ASSERT_EQ(status, 0);
  EXPECT_EQ(reader->latest_version("order-2"), 1U);
}

TEST_F(OpenTest, ADatabaseOfAnotherEncodingIsRefused) {
  Sql(path()).run("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (x); DROP TABLE t");

  EXPECT_EQ(failure(path()).code, Errc::invalid_argument);
  EXPECT_THAT(failure(path()).message, HasSubstr("UTF-16"));
}

TEST_F(OpenTest, AnUnknownVfsAndANonsensicalPollIntervalAreRefused) {
  EXPECT_EQ(open(path(), {.vfs = "no-such"}).error().code, Errc::invalid_argument);
  EXPECT_EQ(open(path(), {.poll_interval = std::chrono::milliseconds(0)}).error().code,
            Errc::invalid_argument);
}

TEST_F(OpenTest, AReaderInALongTransactionKeepsNoWriterOut) {
  make_store();
  Sql holder(path());  // keeps the log alive when the store is closed
  holder.run("SELECT count(*) FROM events");
  make_store();
  holder.run("BEGIN; SELECT count(*) FROM events");
  make_store();

  auto store = open(path()).value();
  ASSERT_TRUE(store->append(order_placed("order-1")));
  holder.run("COMMIT");

  EXPECT_EQ(store->read("order-1")->size(), 4U);
  EXPECT_EQ(verify(*store)->finding_count, 0U);
}

TEST_F(OpenTest, AppendingToAStoreOpenedForReadingIsDenied) {
  make_store();
  auto reader = open(path(), {.access = Access::read_only}).value();

  EXPECT_EQ(reader->append(order_placed("order-1")).error().code, Errc::permission_denied);
  EXPECT_EQ(
      reader->snapshots().save({.actor_id = "order-1", .version = 1, .schema = "s"}).error().code,
      Errc::permission_denied);
}

TEST_F(OpenTest, ACleanlyClosedDatabaseIsOneFileBesideItsLock) {
  {
    auto store = open(path()).value();
    ASSERT_TRUE(store->append(order_placed("order-1")));
    ASSERT_EQ(store->read("order-1")->size(), 1U);
  }

  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(path() + "-shm"));
}

TEST_F(OpenTest, OddFileNamesAreFileNames) {
  for (const char* name : {":memory:", "file:x?mode=ro", "a b#c%d?.db", "\xc3\xa4.db"}) {
    {
      auto store = open(path(name)).value();
      ASSERT_TRUE(store->append(order_placed("order-1"))) << name;
    }
    EXPECT_TRUE(std::filesystem::is_regular_file(path(name))) << name;
    EXPECT_EQ(open(path(name), {.access = Access::read_only}).value()->latest_version("order-1"),
              1U)
        << name;
  }
}

TEST_F(OpenTest, TheDatabaseSaysWhatItIs) {
  make_store();

  std::array<char, 100> header{};
  std::ifstream(path(), std::ios::binary).read(header.data(), header.size());
  EXPECT_EQ(std::string(header.data() + 68, 4), "aeth");  // where application_id stands
}

}  // namespace
}  // namespace aether::sqlite
