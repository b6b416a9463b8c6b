// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/member.hpp"
#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aether {

class Participant;

struct MembershipOptions {
  LeaseOptions lease{};
  std::chrono::milliseconds timeout{30'000};  ///< of joining; longer than a ttl
  LogSink log{};
};

/// A node's membership of a cluster: a lease on "node.<id>", which it renews, and its sight of the
/// others' leases. All members may be called from any thread. Destroying it leaves, without
/// waiting.
///
/// A node whose lease is lost (it was paused, or did not reach the registry) joins again by itself,
/// with a new tenure; its own watches are told at once, by `expired` and then `joined`.
class Membership {
 public:
  using Joined = std::move_only_function<void(Result<std::unique_ptr<Membership>> membership)>;
  using OnEvent = std::function<void(const MemberEvent& event)>;

  /// Ends a watch when it goes: waits for a call that runs, unless it goes within it.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  /// Waits until it is a member; a node that crashed and comes back at once, until its former
  /// lease has run out. Not on the scheduler's thread.
  ///
  /// Errors: `version_conflict` when another process is there under the same id (the message says
  /// where), `unavailable` after `timeout`, `permission_denied`, `invalid_argument`.
  [[nodiscard]] static Result<std::unique_ptr<Membership>> join(
      std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler, Node node,
      MembershipOptions options = {});

  /// The same without waiting. `joined` is called once, on the scheduler.
  static void join_async(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
                         Node node, MembershipOptions options, Joined joined);

  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  /// Who is there, as far as is known here, by id; this node too, while it holds its lease.
  [[nodiscard]] std::vector<Member> members() const;

  /// Calls `on_event` on the scheduler: `joined` for each who is there, then whatever changes. It
  /// must not block.
  [[nodiscard]] std::unique_ptr<Watch> watch(OnEvent on_event);

  [[nodiscard]] const std::string& id() const;
  /// The present tenure's; empty: none is held now. Reads the clock, as `is_held` does.
  [[nodiscard]] std::string tenure() const;
  [[nodiscard]] bool is_held() const;

  /// The others see it with the next renewal.
  void set_load(double load);
  /// The others see these at once.
  void set_state(MemberState state);
  void set_released(std::vector<ReleasedShard> released);

  /// It is no member when this returns. Waits until the others can see that: `unavailable` when
  /// they could not be told within `timeout`, and find out after a ttl. Not on the scheduler.
  [[nodiscard]] Result<void> leave(std::chrono::milliseconds timeout = std::chrono::seconds(5));
  void leave_async(std::function<void()> left);

  /// What stands between this node and its membership, for people.
  [[nodiscard]] std::string waiting_for() const;

 private:
  friend class Participant;
  explicit Membership(std::shared_ptr<Participant> participant);

  const std::shared_ptr<Participant> participant_;
};

}  // namespace aether
