// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "cluster/lease_sight.hpp"
#include "cluster/member_record.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aether::cluster {

inline constexpr std::string_view kDrainKeys = "drain.";

/// The nodes as one of them sees them: whose lease still holds, what they say of themselves, and
/// who is to be drained.
class Roster {
 public:
  struct Node {
    LeaseSight lease;
    std::string name;       ///< of the tenure that holds it, or held it last; empty: not known
    Member data = {};       ///< as far as it could be read
    bool is_sound = false;  ///< what stands there could be read
  };

  Roster(LeaseOptions lease, LogSink log) : lease_(lease), log_(std::move(log)) {}

  /// Whether it was about a node.
  bool see(const Registry::Entry& entry, BootTime now);
  void live(bool live, BootTime now);
  /// Knows of `id` from now on, which may have no record.
  void expect(const std::string& id, BootTime now);

  [[nodiscard]] const std::map<std::string, Node>& nodes() const { return nodes_; }
  [[nodiscard]] bool is_drained(const std::string& id) const { return drains_.contains(id); }

  /// Nobody acts for the node, and nobody can before a new tenure: its record says so.
  [[nodiscard]] static bool is_gone(const Node& node);
  /// Its lease holds, as far as can be seen.
  [[nodiscard]] static bool is_up(const Node& node, BootTime now);

 private:
  Node& at(const std::string& id, BootTime now);

  const LeaseOptions lease_;
  const LogSink log_;
  std::map<std::string, Node> nodes_;
  std::set<std::string> drains_;
  bool live_ = false;
};

}  // namespace aether::cluster
