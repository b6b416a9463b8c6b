// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"
#include "aether/sqlite/read_model.hpp"
#include "aether/sqlite/store.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether::bench {
namespace {

constexpr std::size_t kEventsACommit = 100;

/// A store whose events are projected, 1,000 actors' in turn.
struct Projected {
  std::string folder;
  std::size_t events = 0;

  [[nodiscard]] std::string store_path() const { return folder + "/projected-events.db"; }
  [[nodiscard]] std::string model_path() const { return folder + "/projected-model.db"; }

  [[nodiscard]] Result<void> fill() const {
    if (std::filesystem::exists(store_path())) return {};
    auto store = sqlite::open(store_path());
    if (!store) return std::unexpected(std::move(store.error()));
    const auto ids = actor_ids();
    for (std::size_t first = 0; first < events; first += kEventsACommit) {
      std::vector<Event> commit;
      for (std::size_t i = first; i < first + kEventsACommit; ++i) {
        commit.push_back(order_of_200_bytes(ids[i % ids.size()], 0, i));
      }
      auto appended = (*store)->append(std::move(commit));
      if (!appended) return std::unexpected(std::move(appended.error()));
    }
    return {};
  }

  /// Into a model that is made anew each time: a row an order, its last event and their number.
  [[nodiscard]] Probe projects() const {
    return [*this](const Budget& budget) -> Result<Sample> {
      const auto store = sqlite::open(store_path(), {.access = sqlite::Access::read_only});
      if (!store) return std::unexpected(store.error());
      Meter meter(budget);
      while (meter.wants_more()) {
        for (const char* ending : {"", "-wal", "-shm", "-lock"}) {
          std::filesystem::remove(model_path() + ending);
        }
        Result<void> projected;
        meter.time(events, [&] { projected = project(**store); });
        if (!projected) return std::unexpected(projected.error());
      }
      return meter.sample();
    };
  }

  [[nodiscard]] Probe reads() const {
    return [*this](const Budget& budget) -> Result<Sample> {
      const auto store = sqlite::open(store_path(), {.access = sqlite::Access::read_only});
      if (!store) return std::unexpected(store.error());
      Meter meter(budget);
      while (meter.wants_more()) {
        std::size_t seen = 0;
        meter.time(events, [&] { seen = count(**store); });
        if (seen != events) return fail(Errc::corrupt, "a read gave a wrong number of events");
      }
      return meter.sample();
    };
  }

 private:
  [[nodiscard]] Result<void> project(EventStore& store) const {
    const auto handler = [](sqlite::Transaction& model, const EventPtr& event) {
      return model.execute(
          "INSERT INTO orders VALUES (?1, ?2, 1) "
          "ON CONFLICT (id) DO UPDATE SET last = ?2, changes = changes + 1",
          {event->actor_id, event->event_type});
    };
    const auto model = sqlite::open_read_model(
        model_path(),
        {.schema = "orders/1",
         .create = "CREATE TABLE orders (id TEXT PRIMARY KEY, last TEXT, changes INTEGER)",
         .handlers = {{"orders", handler}}});
    if (!model) return std::unexpected(model.error());
    const auto projector = start_projector(store, **model, {.name = "orders"});
    if (!projector) return std::unexpected(projector.error());
    return (*projector)->wait_until(events, std::chrono::minutes(5));
  }

  static std::size_t count(EventStore& store) {
    constexpr std::size_t kPage = 1'000;
    std::size_t seen = 0;
    for (Position after = 0;;) {
      const auto page = store.read_all({}, after, kPage);
      if (!page || page->events.empty()) return seen;
      seen += page->events.size();
      after = page->next;
    }
  }
};

}  // namespace

std::vector<Row> projection_rows(const Setting& setting) {
  const Projected projected{.folder = setting.folder, .events = setting.quick ? 10'000U : 200'000U};
  return {{.name = "projection/sqlite",
           .statement = "events from an SQLite store into an SQLite read model, an upsert each, "
                        "from the first one on; beside reading the store to its end",
           .unit = Unit::rate,
           .ours = projected.projects(),
           .reference_name = "read",
           .reference = projected.reads(),
           .prepare = [=] { return projected.fill(); }}};
  // NOLINTNEXTLINE(*NewDeleteLeaks): the analyzer loses a std::function in a list
}

}  // namespace aether::bench
