// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/membership.hpp"

#include "cluster/member_record.hpp"
#include "cluster/participant.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"

#include <cmath>
#include <future>
#include <utility>

namespace aether {

namespace {

Result<void> check_member(const Node& node, const MembershipOptions& options) {
  if (auto good = check_lease_options(options.lease); !good) return good;
  return check_node(node);
}

}  // namespace

Membership::Membership(std::shared_ptr<Participant> participant)
    : participant_(std::move(participant)) {}

Membership::~Membership() { participant_->close(); }

Result<std::unique_ptr<Membership>> Membership::join(std::shared_ptr<Registry> registry,
                                                     std::shared_ptr<Scheduler> scheduler,
                                                     Node node, MembershipOptions options) {
  const auto promise = std::make_shared<std::promise<Result<std::unique_ptr<Membership>>>>();
  join_async(std::move(registry), std::move(scheduler), std::move(node), std::move(options),
             [promise](Result<std::unique_ptr<Membership>> membership) {
               promise->set_value(std::move(membership));
             });
  return promise->get_future().get();
}

void Membership::join_async(std::shared_ptr<Registry> registry,
                            std::shared_ptr<Scheduler> scheduler, Node node,
                            MembershipOptions options, Joined joined) {
  if (auto good = check_member(node, options); !good) {
    return scheduler->post([joined = std::move(joined), error = good.error()]() mutable {
      joined(std::unexpected(error));
    });
  }
  std::make_shared<Participant>(std::move(registry), std::move(scheduler), std::move(node),
                                std::move(options))
      ->begin(std::move(joined));
}

std::vector<Member> Membership::members() const { return participant_->members(); }

std::unique_ptr<Membership::Watch> Membership::watch(OnEvent on_event) {
  return participant_->watch(std::move(on_event));
}

const std::string& Membership::id() const { return participant_->id(); }

std::string Membership::tenure() const { return participant_->tenure(); }

bool Membership::is_held() const { return participant_->is_held(); }

void Membership::set_load(double load) {
  if (!std::isfinite(load)) return;
  participant_->change([load](Member& self) { self.node.load = load; }, false);
}

void Membership::set_state(MemberState state) {
  participant_->change([state](Member& self) { self.state = state; }, true);
}

void Membership::set_released(std::vector<ReleasedShard> released) {
  participant_->change([released = std::move(released)](Member& self) { self.released = released; },
                       true);
}

Result<void> Membership::leave(std::chrono::milliseconds timeout) {
  const auto left = std::make_shared<std::promise<void>>();
  participant_->leave([left] { left->set_value(); });
  const auto deadline = deadline_after(timeout);
  if (left->get_future().wait_until(deadline) == std::future_status::ready) return {};
  return fail(Errc::unavailable,
              concat("node ", quoted(id()), " has left, but could not tell the others within ",
                     timeout.count(), " ms: they find out when its lease has run out"));
}

void Membership::leave_async(std::function<void()> left) { participant_->leave(std::move(left)); }

std::string Membership::waiting_for() const { return participant_->waiting_for(); }

}  // namespace aether
