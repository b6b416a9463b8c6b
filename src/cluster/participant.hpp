// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/membership.hpp"
#include "cluster/lease.hpp"
#include "cluster/member_table.hpp"
#include "cluster/stoppable.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aether {

/// What stands behind a membership. It lives on the scheduler; members may be called from any
/// thread where nothing else is said.
class Participant : public std::enable_shared_from_this<Participant> {
 public:
  Participant(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler, Node node,
              MembershipOptions options);

  void begin(Membership::Joined joined);
  void close();
  void leave(std::function<void()> left);

  [[nodiscard]] std::unique_ptr<Membership::Watch> watch(Membership::OnEvent on_event);
  [[nodiscard]] std::vector<Member> members() const;
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string tenure() const;
  [[nodiscard]] bool is_held() const;
  [[nodiscard]] std::string waiting_for() const { return lease_->waiting_for(); }

  /// Changes what this node tells of itself.
  void change(std::function<void(Member& self)> change, bool at_once);

 private:
  struct Watcher;
  class Handle;

  template <class Task>
  void post(Task task);

  // On the scheduler.
  void see(const Registry::Entry& entry);
  void live(bool live);
  void acquired(const std::shared_ptr<Tenure>& tenure);
  void lost();
  void tell(const MemberEvent& event);
  void join_timed_out();
  void end_joining(const Error& error);
  [[nodiscard]] Membership::Joined take_joined();
  void note(const std::string& id);
  void look();

  const std::shared_ptr<Registry> registry_;
  const std::shared_ptr<Scheduler> scheduler_;
  const MembershipOptions options_;
  const std::string id_;
  std::shared_ptr<Lease> lease_;
  std::atomic<std::shared_ptr<Tenure>> tenure_;  // the last one

  // On the scheduler.
  Member self_;
  MemberTable table_;
  Membership::Joined joined_;                         // empty: it has joined, or failed to
  std::weak_ptr<std::shared_ptr<Participant>> kept_;  // alive until then
  bool live_ = false;
  BootTime looks_at_ = BootTime::max();
  std::vector<std::shared_ptr<Watcher>> watchers_;

  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Member> members_;
  std::unique_ptr<Registry::WatchHandle> watch_;
};

}  // namespace aether
