// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full, in three ways: by the VFS, which every machine can play; by a limit on the
// size of files, which every user may set; and a real one, a small tmpfs that is mounted where
// nobody else sees it, which needs root or user namespaces open to all.

#include "check.hpp"
#include "faults.hpp"
#include "history.hpp"
#include "open_store.hpp"
#include "temporary_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

// Appends commits, and knows which of them must be there.
class Appender {
 public:
  explicit Appender(const std::string& path, const std::string& vfs = {})
      : path_(path), store_(std::move(open_store(path, {.vfs = vfs}).value())) {}

  void append(std::size_t commits) {
    for (std::size_t i = 0; i < commits; ++i) {
      const auto appended = store_->append(std::span(history_.next()));
      EXPECT_TRUE(appended) << appended.error().message;
      positions_.push_back(appended ? appended->position : 0);
    }
  }

  // Appends until one fails. False: `most` were stored.
  bool append_until_full(std::size_t most) {
    for (std::size_t i = 0; i < most; ++i) {
      const auto appended = store_->append(std::span(history_.next()));
      positions_.push_back(appended ? appended->position : 0);
      if (appended) continue;
      std::cout << "after " << i << " commits: " << appended.error().message << "\n";
      expect_failure(appended);
      return true;
    }
    return false;
  }

  // The commit that failed: as long as there is no room, and once there is.
  void expect_still_full() { expect_failure(store_->append(std::span(history_.commits().back()))); }

  void append_the_failed_one() {
    const auto appended = store_->append(std::span(history_.commits().back()));
    ASSERT_TRUE(appended) << appended.error().message;
    positions_.back() = appended->position;
  }

  // All of it, in this store and in one opened anew.
  void check() {
    for (int round = 0; round < 2; ++round) {
      Complaints complaints;
      const std::size_t count = history_.commits().size();
      const Expectation expectation{.commits = history_.commits(),
                                    .presence = std::vector(count, Presence::present),
                                    .positions = positions_,
                                    .gapless = true};
      const auto events = read_everything(*store_, complaints);
      check_events(events, expectation, complaints);
      check_store(*store_, events, expectation, complaints);
      EXPECT_TRUE(complaints.empty()) << complaints.text();
      store_.reset();
      store_ = std::move(open_store(path_).value());
    }
  }

 private:
  static void expect_failure(const Result<Appended>& appended) {
    ASSERT_FALSE(appended);
    const Errc code = appended.error().code;
    EXPECT_TRUE(code == Errc::unavailable || code == Errc::outcome_unknown) << to_string(code);
  }

  std::string path_;
  std::unique_ptr<sqlite::Store> store_;
  History history_{{.seed = 7, .max_data_bytes = 2'000}};
  std::vector<Position> positions_;
};

constexpr std::size_t kBefore = 10;
constexpr std::size_t kEnough = 5'000;  // more than any of the disks here holds

void fill_and_free(Appender& appender, const std::function<void()>& fill,
                   const std::function<void()>& free) {
  appender.append(kBefore);
  fill();
  ASSERT_TRUE(appender.append_until_full(kEnough)) << "the disk was never full";
  appender.expect_still_full();
  appender.expect_still_full();
  free();
  appender.append_the_failed_one();
  appender.append(kBefore);
  appender.check();
}

TEST(FullDisk, TakesAppendsAgainOnceThereIsRoom) {
  const TemporaryFolder folder;
  Faults faults;
  const ShimVfs vfs("crash-full", faults);
  const Fault full{"write ENOSPC", Op::write, SQLITE_FULL, Fault::Outcome::half};
  Appender appender(folder.file("events.db"), vfs.name());

  fill_and_free(appender, [&] { faults.arm(full, 100, true); }, [&] { faults.heal(); });
}

TEST(FullDisk, AFileAtItsLargestSizeTakesAppendsAgainOnceItMayGrow) {
  const TemporaryFolder folder;
  Appender appender(folder.file("events.db"));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);  // so that a write fails with EFBIG

  fill_and_free(
      appender,
      [&] {
        rlimit small = before;
        small.rlim_cur = rlim_t{256} * 1024;
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
      },
      [&] { ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0); });
}

std::string last_error() { return std::generic_category().message(errno); }

bool write_text(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return written;
}

// A file system of 4 MB in a mount namespace of this process. Must be made before any thread is.
class SmallDisk {
 public:
  SmallDisk() {
    const uid_t user = getuid();
    const gid_t group = getgid();
    if (user == 0 ? !enter(CLONE_NEWNS) : !enter(CLONE_NEWNS | CLONE_NEWUSER)) return;
    if (user != 0 && (!write_text("/proc/self/setgroups", "deny") ||
                      !write_text("/proc/self/uid_map", "0 " + std::to_string(user) + " 1") ||
                      !write_text("/proc/self/gid_map", "0 " + std::to_string(group) + " 1"))) {
      problem_ = "mapping the user: " + last_error();
      return;
    }
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
      problem_ = "mounting a tmpfs: " + last_error();
    }
  }
  ~SmallDisk() { umount2(folder_.path().c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  bool enter(int namespaces) {
    if (unshare(namespaces) == 0) return true;
    problem_ = "a namespace of its own: " + last_error();
    return false;
  }

  TemporaryFolder folder_;
  std::string problem_;
};

SmallDisk* small_disk = nullptr;  // NOLINT: made by main, before there are threads

// Removed, it gives back its room.
void write_ballast(const std::string& path, std::size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file << std::string(bytes, 'x') << std::flush;
  ASSERT_TRUE(file.good());
}

TEST(FullDisk, AFullFileSystemTakesAppendsAgainOnceThereIsRoom) {
  if (!small_disk->problem().empty()) {
    GTEST_SKIP() << "NOT TESTED on a real file system: a small tmpfs needs root, or user "
                    "namespaces open to all users ("
                 << small_disk->problem() << "). The two other kinds of full disk were tested.";
  }
  const std::string ballast = small_disk->file("ballast");
  Appender appender(small_disk->file("events.db"));

  fill_and_free(
      appender, [&] { write_ballast(ballast, std::size_t{2} * 1024 * 1024); },
      [&] { std::filesystem::remove(ballast); });
}

}  // namespace
}  // namespace aether::crash

int main(int count, char** arguments) {
  aether::crash::SmallDisk disk;
  aether::crash::small_disk = &disk;
  ::testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
