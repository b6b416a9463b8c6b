// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/observer.hpp"

#include "cluster/member_record.hpp"
#include "cluster/observation.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether {

Observation::Observation(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
                         ObserverOptions options, Observer::Watcher watcher)
    : registry_(std::move(registry)),
      scheduler_(std::move(scheduler)),
      options_(std::move(options)),
      watcher_(std::move(watcher)),
      table_(
          "", options_.lease,
          [this](const MemberEvent& event) {
            if (watcher_.on_member) calls_.call([&] { watcher_.on_member(event); });
          },
          options_.log),
      election_(options_.lease) {}

void Observation::begin() {
  const auto post = [weak = weak_from_this(), scheduler = scheduler_](auto task) {
    scheduler->post([weak, task = std::move(task)] {
      if (const auto self = weak.lock()) task(*self);
    });
  };
  auto watch = registry_->watch(
      {.on_entry =
           [post](const Registry::Entry& entry) {
             post([entry](Observation& self) { self.see(entry); });
           },
       .on_live = [post](bool live) { post([live](Observation& self) { self.live(live); }); }});
  const std::scoped_lock lock(mutex_);
  watch_ = std::move(watch);
}

void Observation::close() {
  calls_.stop();
  std::unique_lock lock(mutex_);
  const auto watch = std::move(watch_);
  lock.unlock();  // its end may wait for a call
}

void Observation::see(const Registry::Entry& entry) {
  const bool is_election = entry.key == options_.election;
  if (is_election) {
    election_.see(entry, scheduler_->now());
  } else {
    table_.see(entry, scheduler_->now());
  }
  if (live_) unheard_.erase(entry.key);
  look();
}

void Observation::live(bool live) {
  const BootTime now = scheduler_->now();
  table_.live(live, now);
  if (live) {
    election_.live(now);
  } else {
    election_.interrupt();
  }
  live_ = live;
  unheard_.clear();
  if (live) {
    for (const Member& member : table_.members()) {
      unheard_.emplace(concat(kNodeKeys, member.node.id), member.revision);
    }
    if (leading(now)) unheard_.emplace(options_.election, election_.revision());
  }
  look();
  if (watcher_.on_live) calls_.call([&] { watcher_.on_live(live); });
}

/// Notices leases that have run out, and sees to it that the next one is.
void Observation::look() {
  const BootTime now = scheduler_->now();
  BootTime next = table_.look(now);
  const auto leader = leading(now);
  if (live_ && leader) next = std::min(next, election_.runs_out());
  const bool is_another = leader.has_value() != told_.has_value() ||
                          (leader && (leader->id != told_->id || leader->tenure != told_->tenure));
  told_ = leader;
  note();
  if (is_another && watcher_.on_leader) calls_.call([&] { watcher_.on_leader(leader); });
  if (next >= looks_at_) return;
  looks_at_ = next;
  scheduler_->post_after(next - now, [weak = weak_from_this(), next] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->looks_at_ == next) self->looks_at_ = BootTime::max();
    self->look();
  });
}

/// Keeps what other threads may ask for.
void Observation::note() {
  auto members = table_.members();
  std::erase_if(unheard_, [&](const auto& one) {
    if (one.first == options_.election) return !told_.has_value();
    return std::ranges::none_of(members, [&](const Member& member) {
      return concat(kNodeKeys, member.node.id) == one.first;
    });
  });
  const std::scoped_lock lock(mutex_);
  members_ = std::move(members);
  leader_ = told_;
  settled_ = live_ && unheard_.empty();
}

std::optional<Observer::Leader> Observation::leading(BootTime now) const {
  const auto& record = election_.record();
  if (!record || record->holder.empty()) return std::nullopt;
  if (live_ && now >= election_.runs_out()) return std::nullopt;
  return Observer::Leader{
      .id = record->holder, .tenure = record->tenure, .revision = election_.revision()};
}

std::vector<Member> Observation::members() const {
  const std::scoped_lock lock(mutex_);
  return members_;
}

std::optional<Observer::Leader> Observation::leader() const {
  const std::scoped_lock lock(mutex_);
  return leader_;
}

bool Observation::is_settled() const {
  const std::scoped_lock lock(mutex_);
  return settled_;
}

Observer::Observer(std::shared_ptr<Observation> observation)
    : observation_(std::move(observation)) {}

Observer::~Observer() { observation_->close(); }

Result<std::unique_ptr<Observer>> Observer::make(std::shared_ptr<Registry> registry,
                                                 std::shared_ptr<Scheduler> scheduler,
                                                 ObserverOptions options, Watcher watcher) {
  if (auto good = check_lease_options(options.lease); !good) {
    return std::unexpected(std::move(good.error()));
  }
  if (auto good = check_registry_key(options.election); !good) {
    return std::unexpected(std::move(good.error()));
  }
  auto observation = std::make_shared<Observation>(std::move(registry), std::move(scheduler),
                                                   std::move(options), std::move(watcher));
  observation->begin();
  return std::unique_ptr<Observer>(new Observer(std::move(observation)));
}

std::vector<Member> Observer::members() const { return observation_->members(); }

std::optional<Observer::Leader> Observer::leader() const { return observation_->leader(); }

bool Observer::is_settled() const { return observation_->is_settled(); }

}  // namespace aether
