// SPDX-License-Identifier: Apache-2.0
#include "fault_run.hpp"
#include "faults.hpp"
#include "random.hpp"
#include "settings.hpp"
#include "temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

struct Outcome {
  Faults::Counts counts;
  std::size_t failed_appends = 0;
  Complaints complaints;
};

Outcome run_with(const Fault& fault, std::uint64_t first, bool lasting) {
  const TemporaryFolder folder;
  Faults faults;
  const ShimVfs vfs("crash-faults", faults);
  faults.arm(fault, first, lasting);
  FaultRun run({.seed = seed(),
                .path = folder.file("events.db"),
                .vfs = vfs.name(),
                .heal = [&] { faults.heal(); },
                .failed_commit_syncs = [&] { return faults.counts().failed_commits; }});
  Complaints complaints = run.run();
  check_integrity(folder.file("events.db"), complaints);
  return {faults.counts(), run.failed_appends(), complaints};
}

// Which calls are to fail: all, or as many as the setting says, spread over them by chance.
std::vector<std::uint64_t> points(std::uint64_t calls) {
  const std::uint64_t wanted = fault_points();
  std::vector<std::uint64_t> chosen;
  Random random(seed());
  for (std::uint64_t call = 1; call <= calls; ++call) {
    if (wanted == 0 || random.below(calls) < wanted) chosen.push_back(call);
  }
  return chosen;
}

class EveryFault : public ::testing::TestWithParam<Fault> {
 protected:
  static void expect_truth(bool lasting) {
    const Fault& fault = GetParam();
    const std::uint64_t calls = run_with(fault, 0, false).counts.calls;
    std::size_t runs = 0;
    std::size_t failed_appends = 0;
    for (const std::uint64_t point : points(calls)) {
      const Outcome outcome = run_with(fault, point, lasting);
      EXPECT_TRUE(outcome.complaints.empty())
          << fault.name << ", call " << point << (lasting ? " and all later" : "") << ", seed "
          << seed() << ":\n"
          << outcome.complaints.text();
      ++runs;
      failed_appends += outcome.failed_appends;
    }
    std::cout << fault.name << (lasting ? ", lasting: " : ": ") << runs << " of " << calls
              << " calls failed, " << failed_appends << " appends with them\n";
  }
};

TEST_P(EveryFault, OnceIsReportedAndLosesNothing) { expect_truth(false); }

TEST_P(EveryFault, LastingIsReportedAndLosesNothing) { expect_truth(true); }

INSTANTIATE_TEST_SUITE_P(Disk, EveryFault, ::testing::ValuesIn(kFaults), [](const auto& param) {
  std::string name;
  for (const char c : std::string(param.param.name)) name += c == ' ' || c == ',' ? '_' : c;
  return name;
});

// After 4,062 pages the log's index grows, at the end of a commit, after its fsync. What fails
// there is in the log already, and comes back when the next process reads the log.
TEST(LongLog, ACommitThatFailsAfterItsFsyncIsNotReportedAsUndone) {
  for (const int code : {SQLITE_IOERR_SHMMAP, SQLITE_NOMEM}) {
    const TemporaryFolder folder;
    Faults faults;
    const ShimVfs vfs("crash-long-log", faults);
    const auto store =
        open_store(folder.file("events.db"), {.vfs = vfs.name(), .checkpoint_pages = 1'000'000})
            .value();
    faults.arm({"index", Op::map_shared, code}, 1, false);

    const Data data = Data::bytes(std::string(900'000, 'x'), "");
    std::size_t stored = 0;
    Result<Appended> appended;
    while (appended && stored < 100) {
      appended = store->append(Event{.event_type = "Large", .actor_id = "crash-1", .data = data});
      if (appended) ++stored;
    }

    ASSERT_FALSE(appended) << "the log's index did not grow";
    const std::string copy = folder.file("copy.db");
    std::filesystem::copy_file(folder.file("events.db"), copy);
    std::filesystem::copy_file(folder.file("events.db-wal"), copy + "-wal");
    const auto after_death = open_store(copy).value()->latest_version("crash-1");
    EXPECT_TRUE(appended.error().code == Errc::outcome_unknown || after_death == stored)
        << "SQLite " << code << ": " << to_string(appended.error().code) << ", but " << *after_death
        << " events are stored, not " << stored;
  }
}

// The proof that the tests above can fail: a disk that reports what it did not do.
TEST(LyingDisk, IsFound) {
  const Fault lie{"swallowed write", Op::write, SQLITE_OK, Fault::Outcome::swallowed};
  const std::uint64_t calls = run_with(lie, 0, false).counts.calls;

  std::size_t found = 0;
  for (std::uint64_t call = 1; call <= calls; call += calls / 20) {
    if (!run_with(lie, call, false).complaints.empty()) ++found;
  }

  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace aether::crash
