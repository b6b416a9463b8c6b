// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/connection.hpp"

#include "nats/session.hpp"

#include <utility>

namespace aether::nats {

Result<std::shared_ptr<Connection>> connect(const ConnectOptions& options) {
  auto transport = Transport::connect(options);
  if (!transport) return std::unexpected(std::move(transport.error()));
  auto requests = Requests::make(
      **transport, {.inbox_prefix = options.inbox_prefix, .timeout = options.request_timeout});
  if (!requests) return std::unexpected(std::move(requests.error()));
  return std::make_shared<Session>(options, std::move(*transport), std::move(*requests));
}

}  // namespace aether::nats
