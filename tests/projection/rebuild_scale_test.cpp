// SPDX-License-Identifier: Apache-2.0
//
// A rebuild of many events: it shows progress, the old model answers meanwhile, and the switch is
// seen by a reader at once. 100,000 events, or AETHER_SCALE_EVENTS; script/projection-test asks for
// a million. Sanitizers get fewer by themselves.

#include "aether/projection/rebuild.hpp"
#include "aether/sqlite/read_model.hpp"
#include "aether/sqlite/store.hpp"
#include "temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {
namespace {

using Clock = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr std::size_t kPerCommit = 100;
constexpr std::size_t kActors = 10'000;

std::size_t event_count() {
  if (const char* set = std::getenv("AETHER_SCALE_EVENTS")) return std::stoul(set);
  return kSanitized ? 10'000 : 100'000;
}

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

void append_all(EventStore& store, std::size_t events) {
  std::latch stored(static_cast<std::ptrdiff_t>(events / kPerCommit));
  for (std::size_t first = 0; first < events; first += kPerCommit) {
    std::vector<Event> commit;
    for (std::size_t i = first; i < first + kPerCommit; ++i) {
      commit.push_back({.event_type = "OrderChanged",
                        .actor_id = "order-" + std::to_string(i * 7'919 % kActors),
                        .data = Data::json(R"({"note":")" + std::string(180, 'n') + R"("})")});
    }
    store.append_async(std::move(commit), {}, [&](const Result<Appended>& appended) {
      EXPECT_TRUE(appended) << appended.error().message;
      stored.count_down();
    });
  }
  stored.wait();
}

/// Each order's number of changes; `step` tells the models apart.
sqlite::ReadModelOptions counting(int step) {
  sqlite::ReadModelOptions options{
      .schema = "orders/" + std::to_string(step),
      .create = "CREATE TABLE orders (id TEXT PRIMARY KEY, changes INTEGER) WITHOUT ROWID",
      .accept_outdated = true};
  options.handlers["orders"] = [step](sqlite::Transaction& transaction, const EventPtr& event) {
    return transaction.execute(
        "INSERT INTO orders VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET changes = changes + ?2",
        {event->actor_id, step});
  };
  return options;
}

/// Another program, which asks again and again how many changes there are.
class Reader {
 public:
  /// The sums that the old model has, and the new one.
  Reader(const std::string& path, std::int64_t old_sum, std::int64_t new_sum)
      : sums_{old_sum, new_sum}, thread_([this, path] { run(path); }) {}
  ~Reader() { ended_ = true; }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] std::size_t answers_of(std::int64_t sum) const {
    return sum == sums_[0] ? answers_[0].load() : answers_[1].load();
  }
  [[nodiscard]] std::size_t wrong() const { return wrong_; }
  [[nodiscard]] double slowest() const { return slowest_; }

 private:
  void run(const std::string& path) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_busy_timeout(database, 5'000);
    sqlite3_prepare_v2(database, "SELECT sum(changes) FROM orders", -1, &statement, nullptr);
    while (!ended_) {
      const auto begun = Clock::now();
      const bool is_row = sqlite3_step(statement) == SQLITE_ROW;
      const std::int64_t sum = is_row ? sqlite3_column_int64(statement, 0) : -1;
      sqlite3_reset(statement);
      slowest_ = std::max(slowest_.load(), seconds_since(begun));
      if (sum == sums_[0]) {
        ++answers_[0];
      } else if (sum == sums_[1]) {
        ++answers_[1];
      } else {
        ++wrong_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // leaves the processor to others
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
  }

  const std::int64_t sums_[2];
  std::atomic<std::size_t> answers_[2]{};
  std::atomic<std::size_t> wrong_{0};
  std::atomic<double> slowest_{0};
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

TEST(RebuildScale, ShowsProgressAndTheOldModelAnswersUntilTheSwitch) {
  const std::size_t events = event_count();
  const auto count = static_cast<std::int64_t>(events);
  const TemporaryFolder folder(TemporaryFolder::Place::disk);
  const std::string path = folder.file("orders.db");
  const auto store = sqlite::open(folder.file("events.db")).value();
  append_all(*store, events);
  auto begun = Clock::now();
  {
    const auto model = sqlite::open_read_model(path, counting(1)).value();
    const auto projector = start_projector(*store, *model, {.name = "orders"}).value();
    ASSERT_TRUE(projector->wait_until(events, std::chrono::minutes(5)));
  }
  const double built = seconds_since(begun);

  const auto model = sqlite::open_read_model(path, counting(2)).value();
  Reader reader(path, count, 2 * count);
  std::vector<RebuildProgress> progress;
  RebuildOptions options{.progress_interval = std::chrono::milliseconds(100)};
  options.progress = [&](const RebuildProgress& one) {
    progress.push_back(one);
    const bool is_done = one.position >= one.target;
    EXPECT_TRUE(is_done || reader.answers_of(2 * count) == 0) << "switched before it was done";
  };
  begun = Clock::now();
  const auto report = rebuild(*store, *model, options);
  const double rebuilt = seconds_since(begun);

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, events);
  while (reader.answers_of(2 * count) == 0) std::this_thread::yield();
  EXPECT_GT(reader.answers_of(count), 0U);
  EXPECT_EQ(reader.wrong(), 0U);
  EXPECT_GE(progress.size(), 2U);
  EXPECT_TRUE(std::ranges::is_sorted(progress, {}, &RebuildProgress::position));
  EXPECT_EQ(progress.back().position, events);
  std::cout << events << " events: projected in " << built << " s, rebuilt in " << rebuilt
            << " s with " << progress.size() << " reports of progress; meanwhile "
            << reader.answers_of(count) << " answers of the old model, the slowest in "
            << reader.slowest() * 1'000 << " ms\n";
}

}  // namespace
}  // namespace aether::tests
