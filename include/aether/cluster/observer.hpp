// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/member.hpp"
#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aether {

class Observation;

struct ObserverOptions {
  std::string election = "leader";  ///< of which election the leader is told
  LeaseOptions lease{};             ///< as the nodes have it
  LogSink log{};
};

/// Sees who is a member of a cluster, and who leads it, without being of it: for tools. It writes
/// nothing. What it says is a hint: the others may know more. All members may be called from any
/// thread.
class Observer {
 public:
  struct Leader {
    std::string id;
    std::string tenure;          ///< another one each time that somebody is elected
    std::uint64_t revision = 0;  ///< of its record, which grows with each renewal

    friend bool operator==(const Leader&, const Leader&) = default;
  };

  /// Called on the scheduler; they must not block.
  struct Watcher {
    std::function<void(const MemberEvent& event)> on_member{};
    /// Another one leads, in another tenure, or nobody does.
    std::function<void(const std::optional<Leader>& leader)> on_leader{};
    /// False: what was told may be behind.
    std::function<void(bool live)> on_live{};
  };

  /// Errors: `invalid_argument` for bad lease options, or an election's name that is no key.
  [[nodiscard]] static Result<std::unique_ptr<Observer>> make(std::shared_ptr<Registry> registry,
                                                              std::shared_ptr<Scheduler> scheduler,
                                                              ObserverOptions options,
                                                              Watcher watcher);
  /// Waits for a call that runs, unless it happens within it.
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  [[nodiscard]] std::vector<Member> members() const;
  [[nodiscard]] std::optional<Leader> leader() const;

  /// Whether everyone whose record was there when it began has renewed it since, or has run out of
  /// time: before, one that crashed just now is taken for one that is there. Takes a ttl at most.
  [[nodiscard]] bool is_settled() const;

 private:
  explicit Observer(std::shared_ptr<Observation> observation);

  const std::shared_ptr<Observation> observation_;
};

}  // namespace aether
