// SPDX-License-Identifier: Apache-2.0
// Appends to a database, opens it again and reads, and projects it into a read model, with
// aether::sqlite. Takes the database's path, where no file may be, nor at "<path>.view". Exit 0:
// all is as it should be.
#include "aether/projection/projector.hpp"
#include "aether/sqlite/read_model.hpp"
#include "aether/sqlite/store.hpp"

#include <chrono>
#include <iostream>
#include <string>

namespace {

bool project(aether::EventStore& store, const std::string& path) {
  const auto handler = [](aether::sqlite::Transaction& view, const aether::EventPtr& event) {
    return view.execute("INSERT INTO orders VALUES (?1)", {event->actor_id});
  };
  const auto model =
      aether::sqlite::open_read_model(path, {.schema = "orders/1",
                                             .create = "CREATE TABLE orders (id TEXT)",
                                             .handlers = {{"orders", handler}}});
  if (!model) return false;
  const auto projector = aether::start_projector(store, **model, {.name = "orders"});
  return projector && (*projector)->wait_until(1, std::chrono::seconds(30)).has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const bool is_first : {true, false}) {
    const auto store = aether::sqlite::open(argv[1]);
    if (!store) {
      std::cerr << store.error().message << '\n';
      return 1;
    }
    if (is_first && !(*store)->append({.event_type = "Placed", .actor_id = "order-1"})) return 1;
    const auto events = (*store)->read("order-1");
    if (!events || events->size() != 1) return 1;
    if (!is_first && !project(**store, std::string(argv[1]) + ".view")) return 1;
  }
  return 0;
}
