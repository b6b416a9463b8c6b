// SPDX-License-Identifier: Apache-2.0
//
// A store of a million events over 100,000 actors: everything works, in bounded memory.
// AETHER_SCALE_EVENTS sets another number of events; sanitizers get fewer by themselves.
#include "aether/sqlite/store.hpp"
#include "aether/store/audit.hpp"
#include "sqlite/test_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <vector>

namespace aether::sqlite {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr std::size_t kPerCommit = 100;
constexpr std::size_t kEventsPerActor = 10;

// Page caches (32 MiB a reader), 100,000 heads, and what verify keeps for each actor take about
// 150 MB; a million events held at once would take 500 MB more.
constexpr long kMemoryLimitKib = 400L * 1024;

std::size_t event_count() {
  if (const char* set = std::getenv("AETHER_SCALE_EVENTS")) return std::stoul(set);
  return kSanitized ? 20'000 : 1'000'000;
}

long peak_memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return -1;
}

std::string actor(std::size_t number) { return "order-" + std::to_string(number); }

void append_all(Store& store, std::size_t events, std::size_t actors) {
  std::atomic<std::size_t> stored{0};
  std::promise<void> all;
  const Data data = Data::json(R"({"note":")" + std::string(180, 'n') + R"("})");
  for (std::size_t first = 0; first < events; first += kPerCommit) {
    std::vector<Event> commit;
    for (std::size_t i = first; i < first + kPerCommit; ++i) {
      // Neighbours in a commit are far apart in the index, as in real life.
      commit.push_back(
          {.event_type = "OrderChanged", .actor_id = actor(i * 7'919 % actors), .data = data});
    }
    store.append_async(std::move(commit), {}, [&](const Result<Appended>& appended) {
      ASSERT_TRUE(appended) << appended.error().message;
      if (stored.fetch_add(kPerCommit) + kPerCommit == events) all.set_value();
    });
  }
  all.get_future().wait();
}

TEST(ScaleTest, AMillionEventsAreAppendedReadFollowedAndVerifiedInBoundedMemory) {
  const std::size_t events = event_count();
  const std::size_t actors = events / kEventsPerActor;
  const TestFolder folder;
  const std::string path = folder.file("events.db");
  Digest digest;
  {
    auto store = open(path).value();
    append_all(*store, events, actors);
    digest = make_digest(*store).value();
  }

  auto store = open(path).value();
  for (std::size_t i = 0; i < actors; i += 97) {
    ASSERT_EQ(store->read(actor(i))->size(), kEventsPerActor);
  }
  std::size_t seen = 0;
  Position last = 0;
  std::promise<void> live;
  auto subscription = store->subscribe({}, 0, [&](const EventPtr& event) {
    if (event->position <= last) std::abort();
    last = event->position;
    if (++seen == events + 1) live.set_value();
  });
  ASSERT_TRUE(store->append({.event_type = "OrderChanged", .actor_id = actor(0)}));
  live.get_future().wait();
  const auto report = verify(*store, {.against = digest});

  ASSERT_TRUE(report);
  EXPECT_EQ(report->finding_count, 0U);
  EXPECT_EQ(report->events, events + 1);
  EXPECT_EQ(report->actors, actors);
  if (!kSanitized) {
    EXPECT_LT(peak_memory_kib(), kMemoryLimitKib);
  }
}

}  // namespace
}  // namespace aether::sqlite
