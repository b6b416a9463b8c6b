// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "sqlite/test_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <string>

namespace aether::sqlite {
namespace {

/// Runs `check` in a process whom rights bind: not root.
pid_t start_for_an_ordinary_user(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool ordinary = geteuid() != 0 || (setgid(kNobody) == 0 && setuid(kNobody) == 0);
    _exit(ordinary && check() ? 0 : 1);
  }
  return child;
}

bool succeeds(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

bool holds_for_an_ordinary_user(const std::function<bool()>& check) {
  return succeeds(start_for_an_ordinary_user(check));
}

/// What one process tells another.
class Signal {
 public:
  Signal() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Signal() {
    for (const int end : ends_) close(end);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void give() const { EXPECT_EQ(write(ends_[1], "!", 1), 1); }
  void await() const {
    char byte = 0;
    EXPECT_EQ(read(ends_[0], &byte, 1), 1);
  }

 private:
  std::array<int, 2> ends_{};
};

class RightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = open(path()).value();
    ASSERT_TRUE(store->append({.event_type = "OrderPlaced", .actor_id = "order-1"}));
  }
  void TearDown() override { chmod(folder_.path().c_str(), 0755); }

  std::string path() const { return folder_.file("events.db"); }

  bool is_readable() const {
    auto reader = open(path(), {.access = Access::read_only});
    return reader && (*reader)->latest_version("order-1") == 1U;
  }

  TestFolder folder_;
};

TEST_F(RightsTest, AReadOnlyFileIsReadAndNotWritten) {
  chmod(folder_.path().c_str(), 0777);
  chmod(path().c_str(), 0444);

  EXPECT_TRUE(holds_for_an_ordinary_user([this] { return is_readable(); }));
  EXPECT_TRUE(holds_for_an_ordinary_user(
      [this] { return open(path()).error().code == Errc::permission_denied; }));
}

TEST_F(RightsTest, ADatabaseInAReadOnlyFolderIsReadAndNotWritten) {
  chmod(folder_.path().c_str(), 0555);
  chmod(path().c_str(), 0444);

  EXPECT_TRUE(holds_for_an_ordinary_user([this] { return is_readable(); }));
  EXPECT_TRUE(holds_for_an_ordinary_user(
      [this] { return open(path()).error().code == Errc::permission_denied; }));
}

TEST_F(RightsTest, AReaderInAReadOnlyFolderSeesWhatAWriterAddsLater) {
  chmod(folder_.path().c_str(), 0755);
  chmod(path().c_str(), 0644);
  for (const bool writer_stays : {true, false}) {
    const Version before = open(path()).value()->latest_version("order-1").value();
    const Signal opened;
    const Signal appended;
    const pid_t child = start_for_an_ordinary_user([&] {
      auto reader = open(path(), {.access = Access::read_only});
      const bool frozen = reader && (*reader)->latest_version("order-1") == before;
      opened.give();
      appended.await();
      return frozen && (*reader)->latest_version("order-1") == before + 1 &&
             verify(**reader)->finding_count == 0;
    });
    opened.await();
    auto writer = open(path()).value();
    EXPECT_TRUE(writer->append({.event_type = "OrderShipped", .actor_id = "order-1"}));
    if (!writer_stays) writer.reset();
    appended.give();

    EXPECT_TRUE(succeeds(child)) << writer_stays;
  }
}

TEST_F(RightsTest, AFileThatMayNotBeReadIsDenied) {
  chmod(folder_.path().c_str(), 0755);
  chmod(path().c_str(), 0);

  EXPECT_TRUE(holds_for_an_ordinary_user([this] {
    return open(path(), {.access = Access::read_only}).error().code == Errc::permission_denied;
  }));
}

TEST_F(RightsTest, ABackupIntoAReadOnlyFolderIsDenied) {
  chmod(folder_.path().c_str(), 0555);

  EXPECT_TRUE(holds_for_an_ordinary_user([this] {
    auto reader = open(path(), {.access = Access::read_only});
    return reader &&
           (*reader)->backup(folder_.file("copy.db")).error().code == Errc::permission_denied;
  }));
}

}  // namespace
}  // namespace aether::sqlite
