// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/membership.hpp"
#include "cluster/lease_sight.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aether {

/// What a node knows of all nodes by looking, and what it tells of that. For one thread.
///
/// Of itself it knows better: it is there while it holds the tenure that `own` says.
class MemberTable {
 public:
  MemberTable(std::string own_id, LeaseOptions options, Membership::OnEvent tell, LogSink log);

  void see(const Registry::Entry& entry, BootTime now);
  void live(bool live, BootTime now);

  /// This node's tenure has begun.
  void own(const std::string& tenure);
  /// It is over; `kind` says how.
  void disown(MemberEvent::Kind kind);

  /// Tells of those whose leases have run out. Gives when the next one does, if nothing is seen.
  BootTime look(BootTime now);

  [[nodiscard]] std::vector<Member> members() const;
  /// Null: it is not there.
  [[nodiscard]] const Member* find(const std::string& id) const;

 private:
  struct Known {
    LeaseSight sight;
    std::optional<Member> member;
  };

  void settle(const std::string& id, Known& known);
  void tell(MemberEvent::Kind kind, const Member& member) const;
  void ignore(const std::string& id, const Known& known, const std::string& why) const;
  void end(Known& known, MemberEvent::Kind kind);

  const std::string own_id_;
  const LeaseOptions options_;
  const Membership::OnEvent tell_;
  const LogSink log_;
  std::string own_tenure_;  // empty: none
  bool live_ = false;
  std::map<std::string, Known> known_;
};

}  // namespace aether
