// SPDX-License-Identifier: Apache-2.0
//
// 16 writers append, while the process that feeds a read model is killed with -9 again and again.
// AETHER_PROJECTION_KILLS sets how often; script/projection-test asks for 200, on each store.

#include "aether/stores/stores.hpp"
#include "nats/nats_server.hpp"
#include "projection/log_model.hpp"
#include "temporary_folder.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {
namespace {

constexpr std::size_t kWriters = 16;
constexpr std::ptrdiff_t kCommitsOfALife = 300;
constexpr int kFullLook = 20;  // so many kills between two comparisons of everything

int kill_count(int otherwise) {
  const char* text = std::getenv("AETHER_PROJECTION_KILLS");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::atoi(text);
}

/// 16 threads that append to the same actors as fast as they may: each life of the victim lets them
/// append some more.
class Writers {
 public:
  explicit Writers(EventStore& store) : store_(store) {
    for (std::size_t i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { write(i); });
  }
  ~Writers() { finish(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  void allow(std::ptrdiff_t commits) { allowed_.release(commits); }
  /// What is allowed is appended first, or not; nothing comes after.
  void finish() {
    ended_ = true;
    allowed_.release(kWriters);
    threads_.clear();
  }
  [[nodiscard]] Position last() const { return last_; }

 private:
  void write(std::size_t number) {
    std::mt19937_64 random(number);
    for (std::uint64_t count = 0;; ++count) {
      allowed_.acquire();
      if (ended_) return;
      std::vector<Event> commit;
      const std::string actor = "order-" + std::to_string(random() % 40);
      for (std::uint64_t i = 0; i <= random() % 4; ++i) {
        commit.push_back({.event_type = "Changed",
                          .actor_id = actor,
                          .data = Data::json(std::to_string(number * 1'000'000 + count))});
      }
      const auto appended = store_.append(std::move(commit));
      if (!appended) {
        ADD_FAILURE() << "append: " << appended.error().message;
        return;
      }
      Position last = last_;
      while (last < appended->position && !last_.compare_exchange_weak(last, appended->position)) {
      }
    }
  }

  EventStore& store_;
  std::counting_semaphore<> allowed_{0};
  std::atomic<bool> ended_{false};
  std::atomic<Position> last_{0};
  std::vector<std::jthread> threads_;
};

/// The read model, and the processes that feed it one after the other.
class Victim {
 public:
  Victim(std::string url, std::string model, std::string mode)
      : texts_{AETHER_PROJECTION_VICTIM, std::move(url), std::move(model), std::move(mode)} {}

  enum class Until { started, moved, rebuilt };

  /// Lets a process live until it has come so far, and then for `moment`, and kills it.
  void live_and_die(Until until, std::chrono::microseconds moment) {
    const Position before = reached();
    const std::string origin = until == Until::rebuilt ? read_log(texts_[2]).origin : "";
    const auto has_come_so_far = [&] {
      if (until == Until::moved) return reached() > before;
      return until == Until::started || read_log(texts_[2]).origin != origin;
    };
    std::array<char*, 5> arguments{};
    for (std::size_t i = 0; i < texts_.size(); ++i) arguments[i] = texts_[i].data();
    pid_t process = 0;
    ASSERT_EQ(posix_spawn(&process, texts_[0].c_str(), nullptr, nullptr, arguments.data(), environ),
              0);
    int status = 0;
    bool ended = false;
    const bool came = testing::eventually([&] {
      ended = waitpid(process, &status, WNOHANG) == process;
      return ended || has_come_so_far();
    });
    std::this_thread::sleep_for(moment);  // the moment of death is a matter of chance
    if (!ended) {
      kill(process, SIGKILL);
      waitpid(process, &status, 0);
    }
    EXPECT_TRUE(came) << "the model did not move";
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
  }

 private:
  /// By any partition.
  [[nodiscard]] Position reached() const {
    Position sum = 0;
    const auto projections = sqlite::list_projections(texts_[2]);
    if (!projections) return 0;  // not there yet
    for (const auto& one : *projections) sum += one.checkpoint.event_position;
    return sum;
  }

  std::array<std::string, 4> texts_;
};

struct Totals {
  int kills = 0;
  std::size_t events = 0;
  Comparison found{};
  std::set<std::string> origins{};  // a rebuild gives the model another
};

/// What is left is applied in this process, then all of it is compared.
Comparison finish_and_compare(EventStore& store, const std::string& path, Position last) {
  auto model = sqlite::open_read_model(path, log_model_options()).value();
  for (std::uint32_t i = 0; i < kPartitions; ++i) {
    const auto projector = start_projector(store, *model, log_projection(i)).value();
    const auto reached = projector->wait_until(last, std::chrono::minutes(2));
    EXPECT_TRUE(reached) << reached.error().message;
  }
  model.reset();
  return compare(path, store, true);
}

Totals kill_projectors(const std::string& url, const std::string& mode, int kills,
                       std::string path = {}) {
  const TemporaryFolder folder;
  if (path.empty()) path = folder.file("model.db");
  const auto stores = open_stores(url).value();
  Writers writers(stores->events());
  Victim victim(url, path, mode);
  std::mt19937_64 random(static_cast<std::uint64_t>(kills));
  Totals totals;
  for (; totals.kills < kills && totals.found.is_equal(); ++totals.kills) {
    writers.allow(kCommitsOfALife);
    using Until = Victim::Until;
    const bool early = totals.kills > 0 && random() % 5 == 0;
    Until until = early ? Until::started : Until::moved;
    if (mode == "rebuild" && totals.kills % 5 == 4) until = Until::rebuilt;
    const std::uint64_t longest = mode == "rebuild" ? 60'000 : (early ? 30'000 : 5'000);
    victim.live_and_die(until, std::chrono::microseconds(random() % longest));
    if (::testing::Test::HasFailure()) break;
    const bool look = totals.kills % kFullLook == 0 || mode != "exactly";
    totals.origins.insert(std::filesystem::exists(path) ? read_log(path).origin : "");
    // Everything up to the checkpoint, and nothing else, whatever the moment.
    if (look && std::filesystem::exists(path) && sqlite::list_projections(path)) {
      totals.found = compare(path, stores->events(), false);
    }
  }
  writers.finish();
  if (totals.found.is_equal() && (mode == "exactly" || mode == "rebuild")) {
    totals.found = finish_and_compare(stores->events(), path, writers.last());
  }
  for (const LogContent& one : read_log(path).partitions) totals.events += one.rows.size();
  std::cout << url << ", " << mode << ": " << totals.kills << " projectors killed, "
            << totals.events << " events in the model, " << totals.found.missing << " missing, "
            << totals.found.repeated << " repeated, " << totals.found.wrong << " wrong\n";
  return totals;
}

TEST(ProjectionKill, OnSqliteEveryEventTakesEffectOnce) {
  const TemporaryFolder folder;
  const Totals totals =
      kill_projectors("sqlite:" + folder.file("events.db"), "exactly", kill_count(10));

  EXPECT_TRUE(totals.found.is_equal()) << totals.found.first;
  EXPECT_GT(totals.events, 1'000U);
}

TEST(ProjectionKill, OnJetStreamEveryEventTakesEffectOnce) {
  const NatsServer server;
  const Totals totals = kill_projectors(server.url() + "/kill", "exactly", kill_count(5));

  EXPECT_TRUE(totals.found.is_equal()) << totals.found.first;
  EXPECT_GT(totals.events, 500U);
}

/// Reads the model as any other program does, again and again: each time it must be whole.
class Reader {
 public:
  explicit Reader(const std::string& path) : thread_([this, path] { run(path); }) {}
  ~Reader() { ended_ = true; }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  [[nodiscard]] std::size_t looks() const { return looks_; }
  [[nodiscard]] std::size_t mixes() const { return mixes_; }

 private:
  void run(const std::string& path) {
    while (!ended_ && !sqlite::list_projections(path)) std::this_thread::yield();
    for (; !ended_; ++looks_) {
      for (const LogContent& one : read_log(path).partitions) {
        const bool ordered =
            std::ranges::is_sorted(one.rows, std::ranges::less_equal(), &LogRow::position);
        const Position last = one.rows.empty() ? 0 : one.rows.back().position;
        if (!ordered || last != one.reached) ++mixes_;
      }
    }
  }

  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> looks_{0};
  std::atomic<std::size_t> mixes_{0};
  std::jthread thread_;
};

TEST(ProjectionKill, WhileTheModelIsRebuiltLeavesTheOldOneOrTheNewOne) {
  const TemporaryFolder folder;
  const TemporaryFolder models;
  const std::string path = models.file("model.db");
  const Reader reader(path);
  const Totals totals =
      kill_projectors("sqlite:" + folder.file("events.db"), "rebuild", kill_count(15), path);

  std::cout << totals.origins.size() << " models took over, " << reader.looks()
            << " looks at them\n";
  EXPECT_TRUE(totals.found.is_equal()) << totals.found.first;
  EXPECT_GE(totals.origins.size(), static_cast<std::size_t>(totals.kills) / 5);
  EXPECT_GT(reader.looks(), 0U);
  EXPECT_EQ(reader.mixes(), 0U);
}

/// Dies in the place of a process, whose store would die with it: after some steps it does one more
/// or not, and says that it does not know.
class DyingModel final : public ReadModel {
 public:
  DyingModel(ReadModel& model, std::uint64_t steps, bool one_more)
      : model_(model), steps_(steps), one_more_(one_more) {}

  [[nodiscard]] Result<ProjectionState> load(const Projection& projection) override {
    return model_.load(projection);
  }
  [[nodiscard]] Result<std::uint64_t> apply(const Projection& projection,
                                            const Batch& batch) override {
    if (done_++ < steps_) return model_.apply(projection, batch);
    if (one_more_) static_cast<void>(model_.apply(projection, batch));
    return fail(Errc::closed, "died");
  }

 private:
  ReadModel& model_;
  std::uint64_t steps_;
  bool one_more_;
  std::atomic<std::uint64_t> done_ = 0;
};

TEST(ProjectionKill, OnTheMemoryStoreEveryEventTakesEffectOnce) {
  const TemporaryFolder folder;
  const std::string path = folder.file("model.db");
  const auto stores = open_stores("memory:").value();
  Writers writers(stores->events());
  std::mt19937_64 random(1);
  for (int life = 0; life < kill_count(10); ++life) {
    auto model = sqlite::open_read_model(path, log_model_options()).value();
    DyingModel dying(*model, random() % 10, random() % 2 == 0);
    writers.allow(kCommitsOfALife);
    std::vector<std::unique_ptr<Projector>> projectors;
    for (std::uint32_t i = 0; i < kPartitions; ++i) {
      projectors.push_back(
          start_projector(stores->events(), dying, log_projection(i), {.batch = 20}).value());
    }
    ASSERT_TRUE(testing::eventually([&] {
      return projectors[0]->status().state == ProjectorStatus::State::failed ||
             projectors[1]->status().state == ProjectorStatus::State::failed;
    }));
  }
  writers.finish();

  const Comparison found = finish_and_compare(stores->events(), path, writers.last());

  EXPECT_TRUE(found.is_equal()) << found.first;
}

// With the checkpoint elsewhere events are handled again, and none is passed over. It also shows
// that the tests above would notice. Mostly within ten kills; it ends with the first.
TEST(ProjectionKill, WithACheckpointElsewhereEventsComeAgain) {
  const TemporaryFolder folder;
  const Totals totals = kill_projectors("sqlite:" + folder.file("events.db"), "at-least", 300);

  EXPECT_GT(totals.found.repeated, 0U);
  EXPECT_EQ(totals.found.missing, 0U) << totals.found.first;
}

// The proof that a skipped event would be noticed.
TEST(ProjectionKill, FindsACheckpointThatIsKeptTooEarly) {
  const TemporaryFolder folder;
  const Totals totals = kill_projectors("sqlite:" + folder.file("events.db"), "too-early", 300);

  EXPECT_GT(totals.found.missing, 0U);
}

}  // namespace
}  // namespace aether::tests
