// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/nats_server.hpp"
#include "nats/stream_config.hpp"
#include "nats/test_support.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace aether::tests {

/// Makes the namespace's stream as a store would make it, but for what `changes` says; or changes
/// the one that is there. `login`: see `request`.
inline void put_stream(const NatsServer& server, const Namespace& ns, const std::string& verb,
                       const nlohmann::json& changes, const std::string& login) {
  auto config = nlohmann::json::parse(
      nats::to_json(nats::stream_config(nats::StreamKind::events, ns, {}), nats::ApiLevel{0}));
  config.update(changes);
  const std::string reply = request(
      server, "$JS.API.STREAM." + verb + "." + nats::event_stream_name(ns), config.dump(), login);
  if (!reply.contains("\"config\"")) throw std::runtime_error(verb + ": " + reply);
}
inline void make_stream(const NatsServer& server, const Namespace& ns,
                        const nlohmann::json& changes, const std::string& login = "") {
  put_stream(server, ns, "CREATE", changes, login);
}
inline void change_stream(const NatsServer& server, const Namespace& ns,
                          const nlohmann::json& changes, const std::string& login = "") {
  put_stream(server, ns, "UPDATE", changes, login);
}

/// Past the store, as one with too many rights can do it.
inline void delete_message(const NatsServer& server, const Namespace& ns, std::uint64_t sequence) {
  const std::string reply =
      request(server, "$JS.API.STREAM.MSG.DELETE." + nats::event_stream_name(ns),
              R"({"seq":)" + std::to_string(sequence) + "}");
  if (!reply.contains(R"("success":true)")) throw std::runtime_error("DELETE: " + reply);
}

}  // namespace aether::tests
