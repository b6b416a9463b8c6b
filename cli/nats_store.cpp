// SPDX-License-Identifier: Apache-2.0
#include "nats_store.hpp"

#include "aether/nats/store.hpp"
#include "nats_connection.hpp"

#include <algorithm>
#include <utility>

namespace aether::cli {
namespace {

using std::chrono::milliseconds;

// Healthy servers answer in milliseconds: so long may what is on its way still land.
constexpr milliseconds kGrace{500};

// Those whose head is not remembered are asked for, one by one: that costs more than memory here.
constexpr std::size_t kHeadCacheActors = 10'000'000;

Failure explain(Error error, const NatsUrl& url, nats::Connection& connection,
                const OpenOptions& options) {
  if (options.signals.caught() != 0) {
    return Error{.code = Errc::closed, .message = "interrupted while opening the store"};
  }
  if (error.code == Errc::not_found) {
    const auto server = connection.server();
    Failure failure(Error{.code = Errc::not_found,
                          .message = "there is no event store of the namespace \"" +
                                     url.name_space.text() + "\"" +
                                     (server ? " at " + server->url : "")});
    failure.advice =
        "Is the namespace right? `aether append` makes its stream with the first event.";
    return failure;
  }
  Failure failure(std::move(error));
  if (options.access == Access::write) failure.advice = "Nothing was stored.";
  return failure;
}

}  // namespace

std::expected<OpenStore, Failure> open_nats_store(const NatsUrl& url, const OpenOptions& options) {
  auto connected = connect(url, options);
  if (!connected) {
    if (options.access == Access::write) connected.error().advice = "Nothing was stored.";
    return std::unexpected(std::move(connected.error()));
  }
  const std::shared_ptr<nats::Connection> connection = std::move(*connected);
  OpenStore open{.on_interrupt = std::make_unique<OnInterrupt>(
                     options.signals, kGrace, [connection] { connection->close(); }),
                 .events = {}};
  auto store = nats::open(connection, url.name_space,
                          {.stream = {.max_age = url.max_age,
                                      .replicas = url.replicas,
                                      .broadcast = url.broadcast,
                                      .create = options.access == Access::write},
                           .timeout = std::max(options.timeout, milliseconds(1)),
                           .head_cache_actors = kHeadCacheActors,
                           .log = options.log});
  if (!store) {
    return std::unexpected(explain(std::move(store.error()), url, *connection, options));
  }
  open.identity = (*store)->identity();
  open.events = std::move(*store);
  open.mixed_commits = false;
  open.max_commit_bytes = static_cast<std::size_t>(connection->max_payload());
  return open;
}

}  // namespace aether::cli
