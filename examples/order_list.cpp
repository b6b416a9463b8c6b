// SPDX-License-Identifier: Apache-2.0
//
// order_list STORE_URL MODEL: keeps a list of all orders in an SQLite database, for anyone to query
// while it is fed, until Ctrl-C. docs/projections.md walks through it.
#include <aether/json/json.hpp>
#include <aether/projection/projector.hpp>
#include <aether/sqlite/read_model.hpp>
#include <aether/stores/stores.hpp>

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstdio>

using namespace std::chrono_literals;

// [list]
constexpr const char* kTables =
    "CREATE TABLE orders (id TEXT PRIMARY KEY, status TEXT, total REAL, tracking TEXT)";

aether::Result<void> list_order(aether::sqlite::Transaction& model, const aether::EventPtr& event) {
  const auto data = aether::json::decode<nlohmann::json>(event->data);
  if (!data) return std::unexpected(data.error());
  if (event->event_type == "OrderPlaced") {
    return model.execute("INSERT INTO orders VALUES (?1, 'placed', ?2, NULL)",
                         {event->actor_id, data->at("total").get<double>()});
  }
  if (event->event_type == "OrderShipped") {
    return model.execute("UPDATE orders SET status = 'shipped', tracking = ?2 WHERE id = ?1",
                         {event->actor_id, data->at("tracking").get<std::string>()});
  }
  return {};
}
// [/list]

int complain(const aether::Error& error) {
  std::fprintf(stderr, "order_list: %s\n", error.message.c_str());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return complain({.message = "usage: order_list STORE_URL MODEL"});
  sigset_t signals;  // blocked before any thread is started, and waited for below
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto log = [](aether::LogLevel, std::string_view message) {
    std::fprintf(stderr, "order_list: %.*s\n", static_cast<int>(message.size()), message.data());
  };

  // [feed]
  const auto stores = aether::open_stores(argv[1], {.log = log});
  if (!stores) return complain(stores.error());
  const auto model = aether::sqlite::open_read_model(
      argv[2],
      {.schema = "orders/1", .create = kTables, .handlers = {{"orders", list_order}}, .log = log});
  if (!model) return complain(model.error());
  const auto projector =
      aether::start_projector((*stores)->events(), **model,
                              {.name = "orders", .filter = {.category = "order"}}, {.log = log});
  if (!projector) return complain(projector.error());
  // [/feed]

  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  aether::Position shown = 0;
  while (sigtimedwait(&signals, nullptr, &second) < 0) {
    const auto status = (*projector)->status();
    if (status.state == aether::ProjectorStatus::State::failed) return complain(*status.error);
    if (status.position == shown) continue;
    shown = status.position;
    std::printf("listed up to position %llu\n", static_cast<unsigned long long>(shown));
    std::fflush(stdout);
  }
}
