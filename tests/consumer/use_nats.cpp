// SPDX-License-Identifier: Apache-2.0
// Connects with aether::nats to where nobody listens. Exit 0: all is as it should be.
#include "aether/nats/connection.hpp"

#include <iostream>

int main() {
  const auto options = aether::nats::parse_url("nats://red:secret@127.0.0.1:1");
  if (!options || options->user != "red") return 1;
  const auto connection = aether::nats::connect(*options);
  if (connection) return 1;
  std::cout << connection.error().message << '\n';
  return connection.error().code == aether::Errc::unavailable ? 0 : 1;
}
