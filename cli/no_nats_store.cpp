// SPDX-License-Identifier: Apache-2.0
#include "nats_store.hpp"
#include "verbs.hpp"

namespace aether::cli {

std::expected<OpenStore, Failure> open_nats_store(const NatsUrl& url,
                                                  const OpenOptions& /*options*/) {
  return std::unexpected(
      Failure(Error{.code = Errc::unsupported,
                    .message = "the namespace \"" + url.name_space.text() +
                               "\" is on NATS, and this build of the program has no NATS in it: "
                               "use sqlite:PATH, or build with -DAETHER_WITH_NATS=ON"}));
}

Outcome run(const Doctor& /*verb*/, const Session& /*session*/) {
  return std::unexpected(Failure(
      Error{.code = Errc::unsupported,
            .message = "the doctor is for stores on NATS, and this build of the program has no "
                       "NATS in it: build with -DAETHER_WITH_NATS=ON"}));
}

namespace {

Outcome no_cluster() {
  return std::unexpected(
      Failure(Error{.code = Errc::unsupported,
                    .message = "clusters are on NATS, and this build of the program has no NATS in "
                               "it: build with -DAETHER_WITH_NATS=ON"}));
}

}  // namespace

Outcome run(const ClusterMembers& /*verb*/, const Session& /*session*/) { return no_cluster(); }
Outcome run(const ClusterLeader& /*verb*/, const Session& /*session*/) { return no_cluster(); }
Outcome run(const ClusterWatch& /*verb*/, const Session& /*session*/) { return no_cluster(); }
Outcome run(const ClusterShardList& /*verb*/, const Session& /*session*/) { return no_cluster(); }
Outcome run(const ClusterWhere& /*verb*/, const Session& /*session*/) { return no_cluster(); }
Outcome run(const ClusterDrain& /*verb*/, const Session& /*session*/) { return no_cluster(); }

}  // namespace aether::cli
