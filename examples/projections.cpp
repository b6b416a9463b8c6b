// SPDX-License-Identifier: Apache-2.0
//
// The snippets of docs/projections.md, as one program: it fails if what they claim is wrong.
#include <aether/projection/checkpoints.hpp>
#include <aether/projection/projector.hpp>
#include <aether/projection/rebuild.hpp>
#include <aether/sqlite/read_model.hpp>
#include <aether/store/memory.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

void check(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::exit(EXIT_FAILURE);
}

// [handler]
aether::Result<void> count_order(aether::sqlite::Transaction& model,
                                 const aether::EventPtr& event) {
  return model.execute(
      "INSERT INTO orders (id, state, changes) VALUES (?1, ?2, 1) "
      "ON CONFLICT (id) DO UPDATE SET state = ?2, changes = changes + 1",
      {event->actor_id, event->event_type});
}
// [/handler]

// [open]
aether::Result<std::unique_ptr<aether::sqlite::ReadModel>> open_orders(const std::string& path) {
  return aether::sqlite::open_read_model(
      path, {.schema = "orders/1",
             .create = "CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, changes INTEGER)",
             .handlers = {{"orders", count_order}}});
}
// [/open]

// [start]
aether::Result<std::unique_ptr<aether::Projector>> feed_orders(aether::EventStore& store,
                                                               aether::ReadModel& model) {
  return aether::start_projector(store, model, {.name = "orders", .filter = {.category = "order"}});
}
// [/start]

// [wait]
aether::Result<void> place_order(aether::EventStore& store, aether::Projector& orders) {
  const auto placed = store.append({.event_type = "OrderPlaced", .actor_id = "order-1"});
  if (!placed) return std::unexpected(placed.error());
  return orders.wait_until(placed->position, 2s);  // who reads the model now sees the order
}
// [/wait]

// [elsewhere]
aether::Result<void> count_elsewhere(aether::EventStore& store, const std::string& folder) {
  auto checkpoints = aether::open_file_checkpoints(folder);
  if (!checkpoints) return std::unexpected(checkpoints.error());
  std::size_t mails = 0;
  const auto model = aether::make_read_model(
      [&](const aether::EventPtr&) -> aether::Result<void> {
        ++mails;  // after a crash an event may come again: here it would be a second mail
        return {};
      },
      **checkpoints);
  auto projector = aether::start_projector(store, *model, {.name = "mails"});
  if (!projector) return std::unexpected(projector.error());
  return (*projector)->wait_until(1, 2s);
}
// [/elsewhere]

// [partitions]
aether::Result<std::vector<std::unique_ptr<aether::Projector>>> share_orders(
    aether::EventStore& store, aether::ReadModel& model) {
  std::vector<std::unique_ptr<aether::Projector>> projectors;
  for (std::uint32_t i = 0; i < 4; ++i) {
    auto one = aether::start_projector(store, model, {.name = "orders", .partition = {i, 4}});
    if (!one) return std::unexpected(one.error());
    projectors.push_back(std::move(*one));
  }
  return projectors;
}
// [/partitions]

// [rebuild]
aether::Result<void> bring_up_to_date(aether::EventStore& store,
                                      const aether::sqlite::ReadModelOptions& options) {
  auto accepting = options;
  accepting.accept_outdated = true;
  const auto model = aether::sqlite::open_read_model("orders.db", accepting);
  if (!model) return std::unexpected(model.error());
  if (!(*model)->is_outdated()) return {};
  const auto done = aether::rebuild(
      store, **model, {.progress = [](const aether::RebuildProgress& progress) {
        std::printf("%llu events\n", static_cast<unsigned long long>(progress.events));
      }});
  return done ? aether::Result<void>() : std::unexpected(done.error());
}
// [/rebuild]

}  // namespace

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "aether-XXXXXX").string();
  check(mkdtemp(folder.data()) != nullptr, "a temporary folder can be made");
  const auto store = aether::make_memory_event_store();
  {
    const auto model = open_orders(folder + "/orders.db");
    check(model.has_value(), "the read model can be made");
    const auto projector = feed_orders(*store, **model);
    check(projector.has_value(), "the projector starts");
    check(place_order(*store, **projector).has_value(), "what was appended is reached");
    const auto lag = (*projector)->lag();
    check(lag && lag->events == 0, "then there is no lag");
    const auto listed = aether::sqlite::list_projections(folder + "/orders.db");
    check(listed && listed->size() == 1, "the projection is listed");
    check(listed->front().checkpoint.event_position == 1, "with its checkpoint");
    std::filesystem::current_path(folder);
    const auto brought = bring_up_to_date(
        *store, {.schema = "orders/2",
                 .create = "CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, changes INTEGER)",
                 .handlers = {{"orders", count_order}}});
    check(!brought && brought.error().code == aether::Errc::unavailable, "a fed model is locked");
    const auto shared = open_orders(folder + "/shared.db");
    check(shared.has_value(), "another model can be made");
    const auto projectors = share_orders(*store, **shared);
    check(projectors && projectors->size() == 4, "partitions share a model");
    for (const auto& one : *projectors) {
      check(one->wait_until(1, 10s).has_value(), "and each reaches the end");
    }
    check(count_elsewhere(*store, folder).has_value(), "checkpoints may be files");
  }
  const auto brought = bring_up_to_date(
      *store, {.schema = "orders/2",
               .create = "CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, changes INTEGER)",
               .handlers = {{"orders", count_order}}});
  check(brought.has_value(), "a model is brought to another schema");
  const auto listed = aether::sqlite::list_projections(folder + "/orders.db");
  check(listed && listed->front().checkpoint.event_position == 1, "with all its events");
  std::filesystem::remove_all(folder);
  return EXIT_SUCCESS;
}
