// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verbs.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace aether::cli {

/// What was given for each of the verbs below `cluster`.
struct ClusterVerbs {
  ClusterMembers members{};
  ClusterLeader leader{};
  ClusterWatch watch{};
  ClusterShardList shards{};
  ClusterWhere where{};
  ClusterDrain drain{};

  /// The one that was named; throws CLI::RequiredError where none was.
  [[nodiscard]] Verb chosen(const CLI::App& cluster) const;
};

/// Adds them to the verb `cluster`. `into` must outlive it.
void add_cluster_verbs(CLI::App& cluster, ClusterVerbs& into);

}  // namespace aether::cli
