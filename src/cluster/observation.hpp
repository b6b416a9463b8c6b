// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/observer.hpp"
#include "cluster/lease_sight.hpp"
#include "cluster/member_table.hpp"
#include "cluster/stoppable.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether {

/// What stands behind an observer. It lives on the scheduler, but for what is said.
class Observation : public std::enable_shared_from_this<Observation> {
 public:
  Observation(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
              ObserverOptions options, Observer::Watcher watcher);

  void begin();  ///< from any thread, once
  void close();  ///< from any thread

  // From any thread.
  [[nodiscard]] std::vector<Member> members() const;
  [[nodiscard]] std::optional<Observer::Leader> leader() const;
  [[nodiscard]] bool is_settled() const;

 private:
  void see(const Registry::Entry& entry);
  void live(bool live);
  void look();
  void note();
  [[nodiscard]] std::optional<Observer::Leader> leading(BootTime now) const;

  const std::shared_ptr<Registry> registry_;
  const std::shared_ptr<Scheduler> scheduler_;
  const ObserverOptions options_;
  const Observer::Watcher watcher_;
  Stoppable calls_;

  // On the scheduler.
  MemberTable table_;
  LeaseSight election_;
  bool live_ = false;
  BootTime looks_at_ = BootTime::max();
  std::optional<Observer::Leader> told_;
  std::map<std::string, std::uint64_t> unheard_;  // key and revision of whom nothing came since

  mutable std::mutex mutex_;  // guards the rest
  std::vector<Member> members_;
  std::optional<Observer::Leader> leader_;
  bool settled_ = false;
  std::unique_ptr<Registry::WatchHandle> watch_;
};

}  // namespace aether
