// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain.hpp"
#include "aether/sqlite/store.hpp"
#include "bare_sqlite.hpp"
#include "made_events.hpp"
#include "raw_disk.hpp"
#include "rows.hpp"
#include "together.hpp"

#include <filesystem>
#include <memory>
#include <semaphore>
#include <system_error>
#include <utility>

namespace aether::bench {
namespace {

constexpr std::size_t kWriters = 64;
constexpr std::size_t kEventsACommit = 100;

std::unexpected<Error> refused() { return fail(Errc::unavailable, "an append was refused"); }

/// Appends to a store at `path`, which keeps growing from run to run. Opening and closing it does
/// not count, its checkpoints do. `append` makes the n-th batch of `at_once` events durable.
using AppendBatch = std::function<bool(EventStore& store, Meter& meter, std::uint64_t n)>;

Probe appends(std::string path, AppendBatch append) {
  return
      [path = std::move(path), append = std::move(append)](const Budget& budget) -> Result<Sample> {
        auto store = sqlite::open(path);
        if (!store) return std::unexpected(std::move(store.error()));
        Meter meter(budget);
        for (std::uint64_t n = 0; meter.wants_more(); ++n) {
          if (!append(**store, meter, n)) return refused();
        }
        return meter.sample();
      };
}

bool one_at_a_time(EventStore& store, Meter& meter, std::uint64_t n) {
  constexpr std::uint64_t kAtOnce = 20;
  static const auto ids = actor_ids();
  bool good = true;
  meter.time(kAtOnce, [&] {
    for (std::uint64_t i = n * kAtOnce; i < (n + 1) * kAtOnce; ++i) {
      good &= store.append(order_of_200_bytes(ids[i % ids.size()], 0, i)).has_value();
    }
  });
  return good;
}

/// One thread keeps `kWriters` appends unanswered.
bool in_flight(EventStore& store, std::uint64_t first, std::uint64_t count) {
  static const auto ids = actor_ids();
  std::counting_semaphore<> free(kWriters);
  std::atomic<bool> good{true};
  for (std::uint64_t i = first; i < first + count; ++i) {
    free.acquire();
    std::vector<Event> commit;
    commit.push_back(order_of_200_bytes(ids[i % ids.size()], 0, i));
    store.append_async(std::move(commit), {}, [&](const Result<Appended>& appended) {
      if (!appended) good = false;
      free.release();
    });
  }
  for (std::size_t i = 0; i < kWriters; ++i) free.acquire();
  return good;
}

bool async_in_flight(EventStore& store, Meter& meter, std::uint64_t n) {
  constexpr std::uint64_t kAtOnce = 64 * kWriters;
  bool good = true;
  meter.time(kAtOnce, [&] { good = in_flight(store, n * kAtOnce, kAtOnce); });
  return good;
}

bool threads_in_flight(EventStore& store, Meter& meter, std::uint64_t n) {
  constexpr std::uint64_t kEach = 64;
  static const auto ids = actor_ids();
  std::atomic<bool> good{true};
  time_together(meter, kWriters * kEach, kWriters, [&](std::size_t writer) {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      if (!store.append(order_of_200_bytes(ids[writer], 0, n + i))) good = false;
    }
  });
  return good;
}

bool a_hundred_a_commit(EventStore& store, Meter& meter, std::uint64_t n) {
  static const auto ids = actor_ids();
  bool good = true;
  meter.time(kEventsACommit, [&] {
    std::vector<Event> commit;
    commit.reserve(kEventsACommit);
    for (std::uint64_t i = 0; i < kEventsACommit; ++i) {
      commit.push_back(order_of_200_bytes(ids[n % ids.size()], 0, i));
    }
    good = store.append(std::move(commit)).has_value();
  });
  return good;
}

/// A database that many small commits have filled: 1,000 actors, their events in turn.
struct Filled {
  std::string path;
  std::size_t each = 0;

  [[nodiscard]] Result<void> fill() const {
    if (std::filesystem::exists(path)) return {};
    auto store = sqlite::open(path);
    if (!store) return std::unexpected(std::move(store.error()));
    if (!in_flight(**store, 0, kActors * each)) return refused();
    return {};
  }

  [[nodiscard]] Probe reads() const {
    return [*this](const Budget& budget) -> Result<Sample> {
      auto store = sqlite::open(path);
      if (!store) return std::unexpected(std::move(store.error()));
      const auto ids = actor_ids();
      bool good = true;
      const auto read_all = [&] {
        for (const auto& id : ids) {
          const auto events = (*store)->read(id);
          good &= events && events->size() == each;
        }
      };
      read_all();  // warms the caches
      Meter meter(budget);
      while (meter.wants_more()) meter.time(ids.size() * each, read_all);
      if (!good) return fail(Errc::corrupt, "a read gave a wrong number of events");
      return meter.sample();
    };
  }

  /// All that the closed store leaves on the disk.
  [[nodiscard]] Probe bytes_per_event() const {
    return [*this](const Budget& /*budget*/) -> Result<Sample> {
      std::uintmax_t bytes = 0;
      for (const auto* suffix : {"", "-wal", "-shm"}) {
        std::error_code absent;
        const auto size = std::filesystem::file_size(path + suffix, absent);
        if (!absent) bytes += size;
      }
      return Sample{.value = static_cast<double>(bytes) / static_cast<double>(kActors * each)};
    };
  }
};

/// CPU time, since that is what the chain takes from an append.
Result<Sample> chain(const Budget& budget) {
  constexpr std::uint64_t kAtOnce = 1'000;
  const Event event = completed(order_of_200_bytes("order-123", 1, 1));
  Hash hash{};
  Meter meter(budget);
  while (meter.wants_more()) {
    meter.time(kAtOnce, [&] {
      for (std::uint64_t i = 0; i < kAtOnce; ++i) hash = chain_hash(hash, event);
    });
  }
  const double cpu = meter.sample().cpu_ns;
  return Sample{.value = cpu, .cpu_ns = cpu};
}

std::vector<Row> append_rows(const std::string& folder) {
  const std::string raw = folder + "/raw";
  return {
      {.name = "sqlite/append",
       .statement = "durable append of 200 B, one at a time; beside write + fdatasync",
       .unit = Unit::rate,
       .ours = appends(folder + "/one.db", one_at_a_time),
       .reference_name = "raw",
       .reference = raw_appends(raw + "-one", 1),
       .goal = {Goal::Kind::faster, 0.7}},
      {.name = "sqlite/append-64-in-flight",
       .statement = "64 appends in flight from one thread (append_async), each a commit, fsynced; "
                    "beside 64 events a write + fdatasync",
       .unit = Unit::rate,
       .ours = appends(folder + "/async.db", async_in_flight),
       .reference_name = "raw",
       .reference = raw_appends(raw + "-64", kWriters),
       .goal = {Goal::Kind::rate, 20'000}},
      {.name = "sqlite/append-64-threads",
       .statement = "64 threads, each waiting for its append, fsynced",
       .unit = Unit::rate,
       .ours = appends(folder + "/threads.db", threads_in_flight),
       .reference_name = "raw",
       .reference = raw_appends(raw + "-threads", kWriters),
       .goal = {Goal::Kind::rate, 20'000}},
      {.name = "sqlite/append-100-a-commit",
       .statement = "100 events of one actor a commit, one commit at a time, fsynced",
       .unit = Unit::rate,
       .ours = appends(folder + "/hundred.db", a_hundred_a_commit),
       .reference_name = "raw",
       .reference = raw_appends(raw + "-100", kEventsACommit),
       .goal = {Goal::Kind::rate, 40'000}},
      {.name = "audit/chain",
       .statement = "the chain's CPU time in a durable append of 200 B",
       .ours = chain,
       .reference_name = "append",
       .reference = appends(folder + "/chain.db", one_at_a_time),
       .goal = {Goal::Kind::share, 0.1}},
      {.name = "audit/chain/100-a-commit",
       .statement = "the same, of an event of which 99 others share the fsync",
       .ours = chain,
       .reference_name = "append",
       .reference = appends(folder + "/chain-hundred.db", a_hundred_a_commit),
       .goal = {Goal::Kind::share, 0.1}},
  };
  // NOLINTNEXTLINE(*NewDeleteLeaks): the analyzer loses a std::function in a list
}

std::vector<Row> stored_rows(const std::string& folder, std::size_t each) {
  const Filled filled{.path = folder + "/filled.db", .each = each};
  const BareSqlite bare{.path = folder + "/bare.db", .actors = kActors, .each = each};
  const std::string events = std::to_string(each);
  return {
      {.name = "sqlite/read",
       .statement = "events read from 1,000 actors of " + events +
                    " events, warm; beside one bare table, nothing made of its rows",
       .unit = Unit::rate,
       .ours = filled.reads(),
       .reference_name = "bare",
       .reference = bare.reads(),
       .goal = {Goal::Kind::rate, 600'000},
       .prepare = [=]() -> Result<void> {
         if (auto ok = filled.fill(); !ok) return ok;
         return bare.fill();
       }},
      {.name = "sqlite/bytes",
       .statement = "stored per event of 200 B, 1,000 actors of " + events +
                    " events, single commits, UUIDv7 ids",
       .unit = Unit::bytes,
       .ours = filled.bytes_per_event(),
       .goal = {Goal::Kind::value_most, 300},
       .exact = true,
       .prepare = [=] { return filled.fill(); }},
  };
  // NOLINTNEXTLINE(*NewDeleteLeaks): the analyzer loses a std::function in a list
}

}  // namespace

std::vector<Row> sqlite_rows(const Setting& setting) {
  auto rows = append_rows(setting.folder);
  std::ranges::move(stored_rows(setting.folder, setting.quick ? 10 : 100),
                    std::back_inserter(rows));
  return rows;
}

}  // namespace aether::bench
