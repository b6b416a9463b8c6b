// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"
#include "allocations.hpp"
#include "floor_store.hpp"
#include "made_events.hpp"
#include "rows.hpp"
#include "together.hpp"

#include <malloc.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <thread>
#include <utility>

namespace aether::bench {
namespace {

// A store is thrown away after so many events of each actor, so that memory stays bounded; the Go
// side does the same.
constexpr Version kVersionsPerStore = 200;

std::unexpected<Error> wrong(std::string what) { return fail(Errc::corrupt, std::move(what)); }

// Made events wait in the caches, as they do where an application appends what it just made.
constexpr std::size_t kMadeAtOnce = 100;

std::vector<Event> made(std::span<const std::string> ids, Version version) {
  std::vector<Event> events;
  events.reserve(ids.size());
  for (std::size_t n = 0; n < ids.size(); ++n) {
    events.push_back(completed(order_placed(ids[n], version, n)));
  }
  return events;
}

/// Calls `append` with some made events of all actors, until each actor has had its share.
template <class Append>
void make_for_all(const Append& append) {
  const auto ids = actor_ids();
  for (Version version = 1; version <= kVersionsPerStore; ++version) {
    for (std::size_t first = 0; first < ids.size(); first += kMadeAtOnce) {
      append(made(std::span(ids).subspan(first, kMadeAtOnce), version));
    }
  }
}

std::vector<EventPtr> shared(const std::vector<Event>& events) {
  std::vector<EventPtr> all;
  all.reserve(events.size());
  for (const Event& event : events) {
    auto stored = std::make_shared<StoredEvent>();
    static_cast<Event&>(*stored) = event;
    all.push_back(std::move(stored));
  }
  return all;
}

/// One store's life: made, filled and thrown away.
using Life = std::function<Result<void>(Meter& meter)>;

/// The allocator keeps what it is given back, as Go's does: without this each store would have the
/// kernel map and clear its memory anew.
void keep_memory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): the process has one thread yet
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_MMAP_MAX, 0);
  // NOLINTEND(concurrency-mt-unsafe)
}

/// Lives through one store untimed, then through as many as the budget takes.
Probe warm(Life life) {
  return [life = std::move(life)](const Budget& budget) -> Result<Sample> {
    keep_memory();
    Meter warm_up({.time = {}, .operations = 1});
    if (auto lived = life(warm_up); !lived) return std::unexpected(std::move(lived.error()));
    Meter meter(budget);
    while (meter.wants_more()) {
      if (auto lived = life(meter); !lived) return std::unexpected(std::move(lived.error()));
    }
    return meter.sample();
  };
}

/// Each store takes its memory from the kernel.
Probe fresh(Life life) {
  return [life = std::move(life)](const Budget& budget) -> Result<Sample> {
    Meter meter(budget);
    while (meter.wants_more()) {
      if (auto lived = life(meter); !lived) return std::unexpected(std::move(lived.error()));
    }
    return meter.sample();
  };
}

/// Appends what exists already: only the store is timed.
Result<void> append_made(Meter& meter) {
  const auto store = make_memory_event_store();
  bool good = true;
  make_for_all([&](std::vector<Event> events) {
    meter.time(events.size(), [&] {
      for (Event& event : events) good &= store->append(std::move(event)).has_value();
    });
  });
  if (!good) return wrong("an append was refused");
  return {};
}

Result<void> append_to_floor(Meter& meter) {
  FloorStore store;
  bool good = true;
  make_for_all([&](const std::vector<Event>& made) {
    auto events = shared(made);
    meter.time(events.size(), [&] {
      for (EventPtr& event : events) good &= store.append(std::move(event));
    });
  });
  if (!good) return wrong("an append to the floor was refused");
  return {};
}

Probe make_and_append(EventMaker make) {
  return warm([make](Meter& meter) -> Result<void> {
    const auto ids = actor_ids();
    const auto store = make_memory_event_store();
    bool good = true;
    meter.time(ids.size() * kVersionsPerStore, [&] {
      for (Version version = 1; version <= kVersionsPerStore; ++version) {
        for (std::size_t n = 0; n < ids.size(); ++n) {
          good &= store->append(make(ids[n], version, n)).has_value();
        }
      }
    });
    if (!good) return wrong("an append was refused");
    return {};
  });
}

/// The median of single appends: what one costs when no container happens to grow.
Result<Sample> allocations_to_make_and_append(const Budget& /*budget*/) {
  const auto ids = actor_ids();
  const auto store = make_memory_event_store();
  std::vector<double> counts;
  counts.reserve(ids.size() * kVersionsPerStore);
  for (Version version = 1; version <= kVersionsPerStore; ++version) {
    for (std::size_t n = 0; n < ids.size(); ++n) {
      const auto before = allocations_of_this_thread();
      const auto appended = store->append(order_placed(ids[n], version, n));
      counts.push_back(static_cast<double>(allocations_of_this_thread() - before));
      if (!appended) return wrong("an append was refused");
    }
  }
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::ranges::nth_element(counts, middle);
  return Sample{.value = *middle};
}

/// Each writer has its own actors, 1,000 in all.
Probe append_by(std::size_t writers) {
  return warm([writers](Meter& meter) -> Result<void> {
    constexpr Version kVersionsAtOnce = 40;
    const auto ids = actor_ids();
    const std::size_t share = ids.size() / writers;
    const auto store = make_memory_event_store();
    for (Version first = 1; first <= kVersionsPerStore; first += kVersionsAtOnce) {
      std::vector<std::vector<Event>> shares(writers);
      for (Version version = first; version < first + kVersionsAtOnce; ++version) {
        for (std::size_t n = 0; n < ids.size(); ++n) {
          shares[n / share].push_back(completed(order_placed(ids[n], version, n)));
        }
      }
      std::atomic<bool> good{true};
      time_together(meter, ids.size() * kVersionsAtOnce, writers, [&](std::size_t writer) {
        for (Event& event : shares[writer]) {
          if (!store->append(std::move(event))) good = false;
        }
      });
      if (!good) return wrong("an append was refused");
    }
    return {};
  });
}

struct Filled {
  std::vector<std::string> ids;
  std::size_t each = 0;

  template <class Append>
  void fill(const Append& append) const {
    for (Version version = 1; version <= each; ++version) {
      for (std::size_t n = 0; n < ids.size(); ++n) {
        append(completed(order_placed(ids[n], version, n)));
      }
    }
  }

  /// Times reads of all actors in turn; `read` gives a container of events.
  template <class Read>
  Result<Sample> time_reads(const Budget& budget, const Read& read) const {
    const std::size_t rounds = 1 + 200'000 / (ids.size() * each);
    Meter meter(budget);
    bool good = true;
    while (meter.wants_more()) {
      meter.time(rounds * ids.size(), [&] {
        for (std::size_t round = 0; round < rounds; ++round) {
          for (const std::string& id : ids) good &= read(id);
        }
      });
    }
    if (!good) return wrong("a read gave a wrong number of events");
    return meter.sample();
  }
};

Result<Sample> read_ours(const Filled& filled, const Budget& budget) {
  const auto store = make_memory_event_store();
  bool good = true;
  filled.fill([&](Event event) { good &= store->append(std::move(event)).has_value(); });
  if (!good) return wrong("an append was refused");
  return filled.time_reads(budget, [&](const std::string& id) {
    const auto events = store->read(id);
    return events && events->size() == filled.each;
  });
}

Probe read(std::size_t actors, std::size_t each) {
  return [=](const Budget& budget) {
    return read_ours({.ids = actor_ids(actors), .each = each}, budget);
  };
}

/// The C library counts references without atomic operations while a process has one thread, which
/// a server never has. So here there is a second one, asleep.
Probe read_beside_a_thread(std::size_t actors, std::size_t each) {
  return [=](const Budget& budget) {
    std::latch done(1);
    const std::jthread other([&done] { done.wait(); });
    auto sample = read_ours({.ids = actor_ids(actors), .each = each}, budget);
    done.count_down();
    return sample;
  };
}

Probe read_floor(std::size_t each) {
  return [each](const Budget& budget) {
    const Filled filled{.ids = actor_ids(1), .each = each};
    FloorStore store;
    filled.fill([&](const Event& event) { store.append(shared({event}).front()); });
    return filled.time_reads(
        budget, [&](const std::string& id) { return store.read(id).size() == filled.each; });
  };
}

Result<Sample> latest_version(const Budget& budget) {
  const Filled filled{.ids = actor_ids(), .each = 2};
  const auto store = make_memory_event_store();
  bool good = true;
  filled.fill([&](Event event) { good &= store->append(std::move(event)).has_value(); });
  if (!good) return wrong("an append was refused");
  return filled.time_reads(budget, [&](const std::string& id) {
    return store->latest_version(id).value_or(0) == filled.each;
  });
}

std::vector<Row> append_rows(const GoPeer& go) {
  return {
      {.name = "memory/append",
       .statement = "append of a made event (190 B as JSON), moved in, 1,000 actors",
       .ours = warm(append_made),
       .reference_name = "Go",
       .reference = go.probe("append"),
       .goal = {Goal::Kind::faster, 4}},
      {.name = "memory/append/floor",
       .statement = "the same beside the bare structure: a hash map of vectors of shared events",
       .ours = warm(append_made),
       .reference_name = "floor",
       .reference = warm(append_to_floor)},
      {.name = "memory/append/fresh",
       .statement = "the same in a young process: all memory comes from the kernel page by page",
       .ours = fresh(append_made),
       .reference_name = "Go",
       .reference = go.probe("append-fresh")},
      {.name = "memory/make-append",
       .statement = "make the event, its JSON and UUIDv7 too, and append it, moved in",
       .ours = make_and_append(order_placed),
       .reference_name = "Go",
       .reference = go.probe("make-append"),
       .goal = {Goal::Kind::faster, 3}},
      {.name = "memory/make-append/nested",
       .statement = "the same with nested data (4 fields, 7 values in an array)",
       .ours = make_and_append(nested_order),
       .reference_name = "Go",
       .reference = go.probe("make-append-nested")},
      {.name = "memory/make-append/allocations",
       .statement = "calls of operator new to make and append one event, but for growing vectors",
       .unit = Unit::allocations,
       .ours = allocations_to_make_and_append,
       .goal = {Goal::Kind::value_most, 3},
       .exact = true},
      {.name = "memory/two-writers",
       .statement = "append of made events by two writers on different actors, per event",
       .ours = append_by(2),
       .reference_name = "Go",
       .reference = go.probe("append-2-writers"),
       .goal = {Goal::Kind::faster, 5}},
      {.name = "memory/two-writers/one",
       .statement = "the same beside one writer that does it all: never slower",
       .ours = append_by(2),
       .reference_name = "one writer",
       .reference = append_by(1),
       .goal = {Goal::Kind::faster, 1}},
  };
  // NOLINTNEXTLINE(*NewDeleteLeaks): the analyzer loses a std::function in a list
}

Row read_row(const GoPeer& go, std::size_t each, double goal) {
  const auto count = std::to_string(each);
  return {.name = "memory/read-" + count,
          .statement = "read all " + count + " events of one actor, over and over",
          .ours = read(1, each),
          .reference_name = "Go",
          .reference = go.probe("read-" + count),
          .goal = {Goal::Kind::faster, goal}};
}

std::vector<Row> read_rows(const GoPeer& go) {
  return {
      read_row(go, 2, 10),
      read_row(go, 100, 75),
      read_row(go, 1'000, 100),
      {.name = "memory/read-1000/threads",
       .statement = "the same in a process with a second thread: reference counts are atomic",
       .ours = read_beside_a_thread(1, 1'000),
       .reference_name = "Go",
       .reference = go.probe("read-1000")},
      {.name = "memory/read-1000/floor",
       .statement = "read of 1,000 events beside the bare structure",
       .ours = read(1, 1'000),
       .reference_name = "floor",
       .reference = read_floor(1'000)},
      {.name = "memory/read-cold",
       .statement = "read 1,000 actors of 100 events in turn: more than the caches hold",
       .ours = read(kActors, 100),
       .reference_name = "Go",
       .reference = go.probe("read-cold")},
      {.name = "memory/latest-version",
       .statement = "latest version of 1,000 actors in turn",
       .ours = latest_version,
       .reference_name = "Go",
       .reference = go.probe("latest-version")},
  };
}

}  // namespace

std::vector<Row> memory_rows(const Setting& setting) {
  auto rows = append_rows(setting.go);
  std::ranges::move(read_rows(setting.go), std::back_inserter(rows));
  return rows;
}

}  // namespace aether::bench
