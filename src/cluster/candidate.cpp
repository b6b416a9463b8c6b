// SPDX-License-Identifier: Apache-2.0
#include "cluster/candidate.hpp"

#include "core/text.hpp"

#include <utility>

namespace aether {

Candidate::Candidate(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
                     ElectionOptions options)
    : registry_(std::move(registry)),
      scheduler_(std::move(scheduler)),
      options_(std::move(options)) {}

template <class Task>
void Candidate::post(Task task) {
  scheduler_->post([weak = weak_from_this(), task = std::move(task)]() mutable {
    if (const auto self = weak.lock()) task(*self);
  });
}

void Candidate::begin() {
  const std::weak_ptr<Candidate> weak = weak_from_this();
  lease_ = std::make_shared<Lease>(Lease::Setup{.registry = registry_,
                                                .scheduler = scheduler_,
                                                .key = options_.name,
                                                .holder = options_.id,
                                                .options = options_.lease,
                                                .log = options_.log},
                                   Lease::Events{.acquired =
                                                     [weak](const std::shared_ptr<Tenure>& tenure) {
                                                       if (const auto self = weak.lock())
                                                         self->acquired(tenure);
                                                     },
                                                 .lost = {},  // whoever leads is told by the tenure
                                                 .refused =
                                                     [weak](const Error& error) {
                                                       if (const auto self = weak.lock())
                                                         self->end_with(error);
                                                     }});
  auto watch = registry_->watch({.on_entry =
                                     [weak](const Registry::Entry& entry) {
                                       if (const auto self = weak.lock();
                                           self && entry.key == self->options_.name) {
                                         self->post([entry](Candidate& me) {
                                           me.lease_->see(entry);
                                           me.look();
                                         });
                                       }
                                     },
                                 .on_live =
                                     [weak](bool live) {
                                       if (const auto self = weak.lock()) {
                                         self->post([live](Candidate& me) {
                                           me.lease_->live(live);
                                           me.look();
                                         });
                                       }
                                     }});
  const std::scoped_lock lock(mutex_);
  watch_ = std::move(watch);
}

void Candidate::close() {
  std::unique_ptr<Registry::WatchHandle> watch;
  std::shared_ptr<Tenure> tenure;
  {
    const std::scoped_lock lock(mutex_);
    watch = std::move(watch_);
    tenure = tenure_;
  }
  watch.reset();
  if (tenure) tenure->end();
  scheduler_->post([self = shared_from_this()] {
    self->end_with({.code = Errc::closed, .message = "the election was closed"});
    self->lease_->mute();
    self->lease_->release([] {});
  });
}

std::uint64_t Candidate::stand(Election::Elected elected) {
  const std::uint64_t number = ++numbers_;
  post([number, elected = std::move(elected)](Candidate& me) mutable {
    if (me.elected_ || me.lease_->tenure()) {
      return elected(fail(Errc::invalid_argument,
                          concat(quoted(me.options_.id), " leads or stands already: resign, or ",
                                 "wait for the outcome, before it stands again")));
    }
    me.elected_ = std::move(elected);
    me.number_ = number;
    me.lease_->want();
  });
  return number;
}

void Candidate::cancel(std::uint64_t number) {
  post([number](Candidate& me) {
    if (number != 0 && number != me.number_) return;
    me.end_with({.code = Errc::closed, .message = "the candidate does not stand any more"});
  });
}

void Candidate::resigned() {
  post([](Candidate& me) {
    if (me.lease_->tenure() && !me.lease_->tenure()->is_held()) me.lease_->release([] {});
  });
}

std::optional<std::string> Candidate::leader() const {
  const std::scoped_lock lock(mutex_);
  return leader_;
}

void Candidate::acquired(const std::shared_ptr<Tenure>& tenure) {
  {
    const std::scoped_lock lock(mutex_);
    tenure_ = tenure;
  }
  look();
  if (!elected_) return;
  // If nobody takes it, it goes at once, and so resigns.
  std::exchange(elected_, {})(Leadership(tenure, weak_from_this()));
}

void Candidate::end_with(const Error& error) {
  if (!elected_) return;
  lease_->release([] {});
  std::exchange(elected_, {})(std::unexpected(error));
}

void Candidate::look() {
  const LeaseSight& sight = lease_->sight();
  const bool is_known = sight.is_live() && sight.record() && !sight.record()->holder.empty();
  const std::scoped_lock lock(mutex_);
  leader_ = is_known ? std::optional(sight.record()->holder) : std::nullopt;
}

}  // namespace aether
