// SPDX-License-Identifier: Apache-2.0
// Appends to a database, opens it again and reads, with aether::sqlite. Takes the database's path,
// where no file may be. Exit 0: all is as it should be.
#include "aether/sqlite/store.hpp"

#include <iostream>

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
  }
  return 0;
}
