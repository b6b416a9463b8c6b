// SPDX-License-Identifier: Apache-2.0
#include "nats_connection.hpp"

#include "aether/stores/nats.hpp"

#include <algorithm>
#include <utility>

namespace aether::cli {

using std::chrono::milliseconds;

std::expected<std::shared_ptr<nats::Connection>, Failure> connect(const NatsUrl& url,
                                                                  const OpenOptions& options) {
  auto how = connect_options(url);
  if (!how) return std::unexpected(Failure(std::move(how.error())));
  how->connect_timeout =
      std::clamp(options.timeout, milliseconds(1), nats::ConnectOptions{}.connect_timeout);
  how->log = options.log;
  auto connected =
      unless_interrupted(options.signals, [how = std::move(*how)] { return nats::connect(how); });
  if (!connected) {
    return std::unexpected(
        Failure(Error{.code = Errc::closed, .message = "interrupted while connecting to NATS"}));
  }
  if (!*connected) return std::unexpected(Failure(std::move(connected->error())));
  return std::move(**connected);
}

}  // namespace aether::cli
