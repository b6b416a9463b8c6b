// SPDX-License-Identifier: Apache-2.0
//
// A disk that fails to sync once, and a power cut some time later. What was not synced may never
// reach the disk, although every process reads it until the power goes: the next one, too.

#include "crash_images.hpp"
#include "faults.hpp"
#include "open_store.hpp"
#include "settings.hpp"
#include "temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

constexpr Fault kFailedSync{"fsync EIO", Op::sync, SQLITE_IOERR_FSYNC};
constexpr std::size_t kCommits = 40;

class FaultyRecorder final : public VfsObserver {
 public:
  Recorder recorder;
  Faults faults;

  Verdict before(const Call& call) override {
    const Verdict verdict = faults.before(call);
    if (verdict.code != SQLITE_OK && call.op == Op::sync) recorder.sync_failed(call);
    return verdict;
  }
  int opened(std::string_view name, bool created) override {
    return recorder.opened(name, created);
  }
  void after(const Call& call) override {
    faults.after(call);
    recorder.after(call);
  }
  void folder_synced() override { recorder.folder_synced(); }
};

// How the store ends whose sync failed, and whom its successor meets.
enum class End { closed, died, died_beside_a_reader };

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(End end, std::ostream* out) {
  *out << (end == End::closed ? "closed" : end == End::died ? "died" : "died_beside_a_reader");
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

// A store that appends until a commit's sync fails, and its successor over the same files, which
// appends that commit again and then others. A checkpoint's failed sync is no end.
class Life {
 public:
  Life(std::uint64_t failing_sync, End end) : end_(end) {
    observer_.faults.arm(kFailedSync, failing_sync, false);
  }

  Recording run() {
    recording_.positions.resize(kCommits);
    path_ = folder_.file("events.db");
    if (!open() && !open()) return fail("cannot be opened: " + why_);
    for (std::size_t number = 0; number < kCommits; ++number) {
      history_.next();
      observer_.recorder.commit_begun();
      if (append(number)) continue;
      if (!begin_anew()) return fail("cannot be opened after a failed sync: " + why_);
      if (!append(number)) return fail("the failed commit cannot be appended again");
    }
    store_.reset();
    recording_.records = observer_.recorder.take();
    recording_.end = observer_.recorder.progress();
    recording_.commits = history_.commits();
    return recording_;
  }

  [[nodiscard]] std::uint64_t syncs() const { return observer_.faults.counts().calls; }

 private:
  Recording fail(const std::string& error) {
    recording_.error = error;
    return recording_;
  }

  bool open() {
    auto opened = open_store(path_, {.vfs = vfs_.name()});
    if (opened) {
      store_ = std::move(*opened);
    } else {
      why_ = opened.error().message;
    }
    return opened.has_value();
  }

  bool append(std::size_t number) {
    if (number % 8 == 3) {
      [[maybe_unused]] const auto read = store_->latest_version("crash-a.0");  // opens a reader
    }
    const auto appended = store_->append(std::span(history_.commits()[number]));
    if (!appended) return false;
    observer_.recorder.commit_acked();
    recording_.positions[number] = appended->position;
    return true;
  }

  bool begin_anew() {
    if (end_ != End::closed) {
      // The files as the system shows them, and a process that can do nothing more to them.
      path_ = copy_files();
      observer_.recorder.pause(true);
      store_.reset();
      observer_.recorder.pause(false);
    }
    store_.reset();
    return (end_ != End::died_beside_a_reader || begin_reading()) && open();
  }

  // Somebody whose read transaction goes on, and who so keeps the log as it is.
  bool begin_reading() {
    sqlite3* reader = nullptr;
    const int opened = sqlite3_open(path_.c_str(), &reader);
    reader_.reset(reader);
    return opened == SQLITE_OK && sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM events",
                                               nullptr, nullptr, nullptr) == SQLITE_OK;
  }

  std::string copy_files() const {
    namespace fs = std::filesystem;
    const std::string folder = folder_.file("after");
    fs::create_directory(folder);
    const std::string target = folder + "/events.db";
    for (const std::string suffix : {"", "-wal"}) {
      if (fs::exists(path_ + suffix)) fs::copy_file(path_ + suffix, target + suffix);
    }
    return target;
  }

  End end_;
  TemporaryFolder folder_;
  FaultyRecorder observer_;
  ShimVfs vfs_{"crash-failed-sync", observer_};
  History history_{{.seed = seed(), .max_events = 6}};
  Recording recording_;
  std::string path_;
  std::string why_;
  std::unique_ptr<sqlite3, CloseDatabase> reader_;
  std::unique_ptr<sqlite::Store> store_;
};

class FailedSync : public ::testing::TestWithParam<End> {};

TEST_P(FailedSync, AndALaterPowerCutLoseNothingAcknowledged) {
  Life whole(0, GetParam());
  ASSERT_EQ(whole.run().error, "");
  const std::uint64_t wanted = std::max<std::uint64_t>(image_count() / 2, 1);
  ImageTotals totals;

  for (std::uint64_t sync = 1; sync <= whole.syncs(); ++sync) {
    const Recording recording = Life(sync, GetParam()).run();
    ASSERT_EQ(recording.error, "") << "sync " << sync << ", seed " << seed();
    const ImageTotals one = try_images(
        recording, {.seed = sync, .max_images = std::max<std::size_t>(wanted / whole.syncs(), 4)});
    EXPECT_EQ(one.with_loss + one.with_corruption, 0U) << "sync " << sync << ", " << one.first;
    totals += one;
  }

  std::cout << "each of " << whole.syncs() << " syncs failed: " << totals.text() << "\n";
}

INSTANTIATE_TEST_SUITE_P(Store, FailedSync,
                         ::testing::Values(End::closed, End::died, End::died_beside_a_reader),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace aether::crash
