// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/connection.hpp"

#include "nats/session.hpp"

#include <utility>

namespace aether::nats {

Result<std::shared_ptr<Connection>> connect(const ConnectOptions& options) {
  auto transport = Transport::connect(options);
  if (!transport) return std::unexpected(std::move(transport.error()));
  return std::make_shared<Session>(options, std::move(*transport));
}

}  // namespace aether::nats
