// SPDX-License-Identifier: Apache-2.0
// Reads a server's URL with aether::nats. Exit 0: all is as it should be.
#include "aether/nats/options.hpp"

#include <iostream>

int main() {
  const auto options = aether::nats::parse_url("nats://red:secret@localhost");
  if (!options) {
    std::cerr << options.error().message << '\n';
    return 1;
  }
  return options->urls.front() == "nats://localhost:4222" && options->user == "red" ? 0 : 1;
}
