// SPDX-License-Identifier: Apache-2.0
// Opens stores by their URLs. Exit 0: all is as it should be.
#include "aether/stores/stores.hpp"

#include <iostream>

int main() {
  const auto stores = aether::open_stores("memory:");
  if (!stores || !(*stores)->events().append({.event_type = "T", .actor_id = "a"})) return 1;
  const auto nowhere = aether::open_stores("nats://127.0.0.1:1/orders");
  if (nowhere) return 1;
  std::cout << nowhere.error().message << '\n';
  return nowhere.error().code == aether::Errc::unavailable ? 0 : 1;
}
