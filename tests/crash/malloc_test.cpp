// SPDX-License-Identifier: Apache-2.0
//
// A program of its own: SQLite takes its allocator once, before anything else.

#include "fault_run.hpp"
#include "random.hpp"
#include "settings.hpp"
#include "temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <iostream>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

constexpr std::uint64_t kNever = ~std::uint64_t{0};

// SQLite's own allocator, but for the calls that are to fail.
struct Allocator {
  sqlite3_mem_methods real{};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> first{kNever};
  std::atomic<std::uint64_t> last{0};
  std::atomic<bool> installed{false};

  bool fails() {
    const std::uint64_t call = ++calls;
    return call >= first && call <= last;
  }

  void arm(std::uint64_t first_call, std::uint64_t last_call) {
    calls = 0;
    last = last_call;
    first = first_call;
  }

  void heal() { first = kNever; }
};

Allocator& allocator() {
  static Allocator one;
  return one;
}

void install() {
  Allocator& mine = allocator();
  if (mine.installed.exchange(true)) return;
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &mine.real), SQLITE_OK);
  sqlite3_mem_methods methods = mine.real;
  methods.xMalloc = [](int size) {
    return allocator().fails() ? nullptr : allocator().real.xMalloc(size);
  };
  methods.xRealloc = [](void* memory, int size) {
    return allocator().fails() ? nullptr : allocator().real.xRealloc(memory, size);
  };
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
  ASSERT_EQ(sqlite3_initialize(), SQLITE_OK);
}

struct Outcome {
  std::uint64_t calls = 0;
  std::size_t failed_appends = 0;
  Complaints complaints;
};

Outcome run_with(std::uint64_t first, std::uint64_t last) {
  const TemporaryFolder folder;
  allocator().arm(first, last);
  std::uint64_t calls = 0;
  FaultRun run({.seed = seed(), .commits = 10, .path = folder.file("events.db"), .heal = [&] {
                  allocator().heal();
                  calls = allocator().calls;
                }});
  Complaints complaints = run.run();
  check_integrity(folder.file("events.db"), complaints);
  return {calls, run.failed_appends(), complaints};
}

class EveryAllocation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryAllocation, FailsWithoutHarm) {
  install();
  const std::uint64_t calls = run_with(kNever, 0).calls;
  const std::uint64_t wanted = 4 * fault_points();
  Random random(seed());
  std::size_t runs = 0;
  std::size_t failed_appends = 0;
  for (std::uint64_t call = 1; call <= calls; ++call) {
    if (wanted != 0 && random.below(calls) >= wanted) continue;
    const Outcome outcome = run_with(call, call + GetParam() - 1);
    EXPECT_TRUE(outcome.complaints.empty()) << "allocation " << call << ", seed " << seed() << ":\n"
                                            << outcome.complaints.text();
    ++runs;
    failed_appends += outcome.failed_appends;
  }
  std::cout << GetParam() << " in a row: " << runs << " of " << calls << " allocations failed, "
            << failed_appends << " appends with them\n";
  EXPECT_GT(failed_appends, 0U);
}

// One alone, and so many that nothing is done without them.
INSTANTIATE_TEST_SUITE_P(Memory, EveryAllocation, ::testing::Values(1, 500));

}  // namespace
}  // namespace aether::crash
