// SPDX-License-Identifier: Apache-2.0
#include "jetstream_server.hpp"

#include "libnats.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

namespace aether::bench {

Result<void> JetStreamServer::start() {
  if (server_) return {};
  try {
    // The server puts its files where temporary ones go.
    ::setenv("TMPDIR", folder_.c_str(), 1);
    server_.emplace(tests::ServerOptions{.version = version_});
  } catch (const std::exception& error) {
    return fail(Errc::unavailable, error.what());
  }
  return {};
}

Result<std::unique_ptr<nats::Store>> open_store(const JetStreamServer& server,
                                                const Namespace& ns) {
  auto connection = nats::connect({.urls = {server.url()}});
  if (!connection) return std::unexpected(std::move(connection.error()));
  return nats::open(std::move(*connection), ns);
}

Result<std::unique_ptr<FreshStream>> FreshStream::make(const JetStreamServer& server) {
  auto ns = Namespace::parse("run-" + std::to_string(::getpid()));
  if (!ns) return std::unexpected(std::move(ns.error()));
  auto store = open_store(server, *ns);
  if (!store) return std::unexpected(std::move(store.error()));
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): its constructor is private
  return std::unique_ptr<FreshStream>(
      new FreshStream(server.url(), std::move(*ns), std::move(*store)));
}

FreshStream::~FreshStream() {
  store_.reset();
  // Should that fail: the server's folder goes with the benchmark.
  if (const auto connection = libnats_connect(url_, true)) {
    (void)libnats_request(connection->get(), "$JS.API.STREAM.DELETE." + name(), "");
  }
}

std::string FreshStream::subject_of(std::string_view actor_id) const {
  return event_subject(ns_, actor_id);
}

std::string FreshStream::name() const { return stream_of(ns_); }

std::string stream_of(const Namespace& ns) {
  std::string name = "aether=ev=" + std::string(ns.text());
  std::ranges::replace(name, '.', '=');
  return name;
}

}  // namespace aether::bench
