// SPDX-License-Identifier: Apache-2.0
#include <aether/json/json.hpp>
#include <aether/store/replay.hpp>
#include <aether/stores/stores.hpp>

#include <cstdio>
#include <string>
#include <vector>

struct Order {
  std::string status = "new", tracking;
  double total = 0;
};

aether::Result<Order> evolve(Order order, const aether::Event& event) {
  const auto data = aether::json::decode<nlohmann::json>(event.data);
  if (!data) return std::unexpected(data.error());
  if (event.event_type == "OrderPlaced") order = {"placed", "", data->at("total")};
  if (event.event_type == "OrderShipped") order = {"shipped", data->at("tracking"), order.total};
  return order;
}

int complain(const aether::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int main(int argc, char** argv) {
  const auto stores = aether::open_stores(argc > 1 ? argv[1] : "sqlite:orders.db");
  if (!stores) return complain(stores.error());
  aether::EventStore& store = (*stores)->events();

  const std::vector<aether::Event> events{
      {.id = "placed-1",
       .event_type = "OrderPlaced",
       .actor_id = "order-123",
       .data = aether::Data::json(R"({"total": 99.99})")},
      {.id = "shipped-1",
       .event_type = "OrderShipped",
       .actor_id = "order-123",
       .data = aether::Data::json(R"({"tracking": "FS123456"})")}};
  const auto appended = store.append(events, {.expected_version = 0});  // repeating it is safe
  const auto replayed = aether::replay(store, "order-123", Order{}, evolve);
  if (!appended) return complain(appended.error());
  if (!replayed) return complain(replayed.error());

  const Order& order = replayed->state;
  std::printf("Order state after replaying %d events:\n", static_cast<int>(replayed->events));
  std::printf("  Status: %s\n  Total: $%.2f\n  Tracking: %s\n", order.status.c_str(), order.total,
              order.tracking.c_str());
}
