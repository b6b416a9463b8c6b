// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"
#include "kill_protocol.hpp"
#include "open_store.hpp"
#include "random.hpp"
#include "settings.hpp"
#include "temporary_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTime{60};   // a program that has not begun by then never will
constexpr std::chrono::microseconds kLook{200};  // how often, leaving the processor to the writer
constexpr int kLivesOfAStore = 10;

pid_t spawn(const std::string& database, const std::string& report, std::uint64_t store_seed,
            const std::string& mode) {
  std::array<std::string, 5> texts{AETHER_KILL_WRITER, database, report, std::to_string(store_seed),
                                   mode};
  std::array<char*, 6> arguments{};
  std::ranges::transform(texts, arguments.begin(), [](std::string& text) { return text.data(); });
  pid_t process = 0;
  if (posix_spawn(&process, AETHER_KILL_WRITER, nullptr, nullptr, arguments.data(), environ) != 0) {
    std::abort();
  }
  return process;
}

// A database, and the processes that append to it, one after the other.
class Victim {
 public:
  Victim(std::uint64_t store_seed, std::string mode) : seed_(store_seed), mode_(std::move(mode)) {
    const int file = open(report_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(KillReport)) != 0) std::abort();
    void* memory = mmap(nullptr, sizeof(KillReport), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) std::abort();
    report_ = static_cast<KillReport*>(memory);  // the file is all zero
    for (std::size_t i = 0; i < kKillWriters; ++i) histories_.emplace_back(kill_history(seed_, i));
  }
  ~Victim() { munmap(report_, sizeof(KillReport)); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  // Lets a process live until it has `commits` more acknowledged (0: anywhere, from its start on)
  // and then for `moment`, and kills it.
  void live_and_die(std::uint64_t commits, std::chrono::microseconds moment) {
    report_->opened = 0;
    for (std::size_t i = 0; i < kKillWriters; ++i) {
      report_->writers[i].first = stored_[i];
      report_->writers[i].begun = stored_[i];
      report_->writers[i].acked = stored_[i];
    }
    const std::uint64_t goal = commits == 0 ? 0 : acked() + commits;
    const pid_t process = spawn(database_path(), report_path(), seed_, mode_);
    const auto deadline = Clock::now() + kStartTime;
    int status = 0;
    bool ended = false;
    while (acked() < goal && !ended && Clock::now() < deadline) {
      ended = waitpid(process, &status, WNOHANG) == process;
      std::this_thread::sleep_for(kLook);
    }
    // Not a wait for anything: the moment of death is a matter of chance.
    std::this_thread::sleep_for(moment);
    if (!ended) {
      kill(process, SIGKILL);
      waitpid(process, &status, 0);
    }
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the writing process ended by itself";
    EXPECT_GE(acked(), goal) << "the writing process did not append";
  }

  // Opens what the dead process left and compares it with what it had reported.
  Complaints check() {
    Complaints complaints;
    {
      const auto store = open_store(database_path());
      if (!store) {
        complaints.add(Complaints::Kind::corrupt, "open: " + store.error().message);
        return complaints;
      }
      const auto events = read_everything(**store, complaints);
      for (std::size_t i = 0; i < kKillWriters; ++i) check_writer(**store, i, events, complaints);
    }
    check_integrity(database_path(), complaints);
    return complaints;
  }

  [[nodiscard]] std::uint64_t acked() const {
    std::uint64_t sum = 0;
    for (const auto& writer : report_->writers) sum += writer.acked;
    return sum;
  }
  [[nodiscard]] bool had_opened() const { return report_->opened != 0; }

 private:
  void check_writer(sqlite::Store& store, std::size_t writer, const std::vector<EventPtr>& all,
                    Complaints& complaints) {
    History& history = histories_[writer];
    const std::uint64_t begun = report_->writers[writer].begun;
    while (history.commits().size() < begun) history.next();
    std::vector<Presence> presence(begun, Presence::either);
    std::fill_n(presence.begin(), report_->writers[writer].acked.load(), Presence::present);
    const Expectation expectation{.commits = std::span(history.commits()).first(begun),
                                  .presence = presence,
                                  .positions = std::vector<Position>(begun),
                                  .gapless = true};
    const std::string mine = "crash-" + kill_history(seed_, writer).name + ".";
    std::vector<EventPtr> events;
    std::ranges::copy_if(all, std::back_inserter(events),
                         [&](const EventPtr& event) { return event->actor_id.starts_with(mine); });
    const auto there = check_events(events, expectation, complaints);
    stored_[writer] = static_cast<std::uint64_t>(std::ranges::count(there, true));
    if (writer == 0) check_verify(store, all.size(), complaints);
  }

  [[nodiscard]] std::string database_path() const { return folder_.file("events.db"); }
  [[nodiscard]] std::string report_path() const { return folder_.file("report"); }

  std::uint64_t seed_;
  std::string mode_;
  TemporaryFolder folder_;
  KillReport* report_ = nullptr;
  std::vector<History> histories_;
  std::array<std::uint64_t, kKillWriters> stored_{};
};

struct KillTotals {
  std::uint64_t kills = 0;
  std::uint64_t before_open = 0;
  std::uint64_t acked = 0;
  std::uint64_t bad = 0;
  std::string first;
};

KillTotals kill_processes(std::uint64_t kills, const std::string& mode) {
  KillTotals totals;
  Random random(seed());
  for (std::uint64_t store = 0; totals.kills < kills && totals.bad == 0; ++store) {
    Victim victim(seed() * 1'000 + store, mode);
    for (int life = 0; life < kLivesOfAStore && totals.kills < kills; ++life) {
      const bool early = random.below(5) == 0;
      const std::uint64_t before = victim.acked();
      victim.live_and_die(early ? 0 : random.between(1, 150),
                          std::chrono::microseconds(random.below(early ? 20'000 : 2'000)));
      ++totals.kills;
      if (!victim.had_opened()) ++totals.before_open;
      totals.acked += victim.acked() - std::min(before, victim.acked());
      const Complaints complaints = victim.check();
      if (complaints.empty()) continue;
      ++totals.bad;
      totals.first = "seed " + std::to_string(seed()) + ", kill " + std::to_string(totals.kills) +
                     ":\n" + complaints.text();
      break;
    }
  }
  std::cout << mode << ": " << totals.kills << " processes killed (" << totals.before_open
            << " before the store was open), " << totals.acked << " commits acknowledged by them, "
            << totals.bad << " stores damaged\n";
  return totals;
}

TEST(Kill, LosesNothingAcknowledgedAndLeavesNothingInPart) {
  const KillTotals totals = kill_processes(kill_count(), "honest");

  EXPECT_EQ(totals.kills, kill_count());
  EXPECT_EQ(totals.bad, 0U) << totals.first;
}

// The proof that the test above can fail.
TEST(Kill, FindsAStoreThatAcknowledgesTooEarly) {
  const KillTotals totals = kill_processes(50, "early");

  EXPECT_EQ(totals.bad, 1U);
}

// SQLite's locks belong to the process, and closing any descriptor of the database drops them. Then
// another program believes that it is the last to close, and removes the log that we still write.
TEST(Kill, AfterAnotherProgramLookedIntoTheDatabaseLosesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("events.db");
  const Event event{.event_type = "Happened", .actor_id = "crash-1"};
  ASSERT_TRUE(open_store(path).value()->append(event));
  const auto store = open_store(path).value();
  const auto reading = sqlite::open(path, {.access = sqlite::Access::read_only}).value();
  ASSERT_TRUE(store->append(event));

  int status = 0;
  ASSERT_GT(waitpid(spawn(path, "", 0, "visit"), &status, 0), 0);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(store->append(event));

  const std::string copy = folder.file("after.db");  // what the next process would find
  std::filesystem::copy_file(path, copy);
  ASSERT_TRUE(std::filesystem::exists(path + "-wal")) << "the log that is in use was removed";
  std::filesystem::copy_file(path + "-wal", copy + "-wal");
  EXPECT_EQ(open_store(copy).value()->latest_version("crash-1"), 3U);
}

}  // namespace
}  // namespace aether::crash
