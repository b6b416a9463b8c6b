// SPDX-License-Identifier: Apache-2.0
#include "nats_connection.hpp"

#include <algorithm>
#include <utility>

namespace aether::cli {

using std::chrono::milliseconds;

Result<nats::ConnectOptions> connect_options(const NatsUrl& url) {
  auto options =
      url.servers.empty() ? nats::load_context(url.context) : nats::parse_url(url.servers);
  if (!options) return options;
  const auto set = [](std::string& target, const std::string& value) {
    if (!value.empty()) target = value;
  };
  set(options->credentials_file, url.credentials_file);
  set(options->nkey_seed_file, url.nkey_seed_file);
  set(options->tls.ca_file, url.ca_file);
  set(options->tls.cert_file, url.cert_file);
  set(options->tls.key_file, url.key_file);
  return options;
}

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
