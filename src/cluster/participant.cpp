// SPDX-License-Identifier: Apache-2.0
#include "cluster/participant.hpp"

#include "cluster/member_record.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether {

namespace {

// A task that is late by this part of a ttl tells that the node was held up.
constexpr int kHeldUpInTtl = 16;

}  // namespace

struct Participant::Watcher {
  Membership::OnEvent on_event;
  Stoppable calls;
  std::atomic<bool> gone{false};

  void tell(const MemberEvent& event) {
    calls.call([&] { on_event(event); });
  }
};

class Participant::Handle final : public Membership::Watch {
 public:
  explicit Handle(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~Handle() override {
    watcher_->gone = true;
    watcher_->calls.stop();
  }

 private:
  const std::shared_ptr<Watcher> watcher_;
};

Participant::Participant(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
                         Node node, MembershipOptions options)
    : registry_(std::move(registry)),
      scheduler_(std::move(scheduler)),
      options_(std::move(options)),
      id_(node.id),
      self_{.node = std::move(node)},
      table_(
          id_, options_.lease, [this](const MemberEvent& event) { tell(event); }, options_.log) {}

template <class Task>
void Participant::post(Task task) {
  scheduler_->post([weak = weak_from_this(), task = std::move(task)]() mutable {
    if (const auto self = weak.lock()) task(*self);
  });
}

void Participant::begin(Membership::Joined joined) {
  const std::weak_ptr<Participant> weak = weak_from_this();
  lease_ = std::make_shared<Lease>(Lease::Setup{.registry = registry_,
                                                .scheduler = scheduler_,
                                                .key = concat(kNodeKeys, id_),
                                                .holder = id_,
                                                .options = options_.lease,
                                                .log = options_.log},
                                   Lease::Events{.acquired =
                                                     [weak](const std::shared_ptr<Tenure>& tenure) {
                                                       if (const auto self = weak.lock())
                                                         self->acquired(tenure);
                                                     },
                                                 .lost =
                                                     [weak](const std::string&) {
                                                       if (const auto self = weak.lock())
                                                         self->lost();
                                                     },
                                                 .refused =
                                                     [weak](const Error& error) {
                                                       if (const auto self = weak.lock())
                                                         self->end_joining(error);
                                                     }});
  const auto self = shared_from_this();
  scheduler_->post([self, joined = std::move(joined)]() mutable {
    self->joined_ = std::move(joined);
    self->lease_->set_data(format_member(self->self_));
    self->lease_->want();
  });
  // Nobody else has it before it has joined.
  const auto kept = std::make_shared<std::shared_ptr<Participant>>(self);
  kept_ = kept;
  scheduler_->post_after(std::min(options_.timeout, kLongestWait), [kept] {
    if (const auto me = *kept) me->join_timed_out();
  });
  auto watch = registry_->watch({.on_entry =
                                     [weak](const Registry::Entry& entry) {
                                       if (!entry.key.starts_with(kNodeKeys)) return;
                                       if (const auto me = weak.lock())
                                         me->post([entry](Participant& it) { it.see(entry); });
                                     },
                                 .on_live =
                                     [weak](bool live) {
                                       if (const auto me = weak.lock())
                                         me->post([live](Participant& it) { it.live(live); });
                                     }});
  const std::scoped_lock lock(mutex_);
  watch_ = std::move(watch);
}

void Participant::close() {
  std::unique_ptr<Registry::WatchHandle> watch;
  {
    const std::scoped_lock lock(mutex_);
    watch = std::move(watch_);
  }
  watch.reset();
  leave({});
}

void Participant::leave(std::function<void()> left) {
  if (const auto tenure = tenure_.load()) tenure->end();
  scheduler_->post([self = shared_from_this(), left = std::move(left)] {
    self->lease_->mute();  // it does not join again
    self->table_.disown(MemberEvent::Kind::left);
    self->lease_->release([left] {
      if (left) left();
    });
  });
}

std::unique_ptr<Membership::Watch> Participant::watch(Membership::OnEvent on_event) {
  const auto watcher = std::make_shared<Watcher>();
  watcher->on_event = std::move(on_event);
  post([watcher](Participant& it) {
    for (const Member& member : it.table_.members()) {
      watcher->tell({.kind = MemberEvent::Kind::joined, .member = member});
    }
    it.watchers_.push_back(watcher);
  });
  return std::make_unique<Handle>(watcher);
}

std::vector<Member> Participant::members() const {
  const bool held = is_held();
  const std::scoped_lock lock(mutex_);
  std::vector<Member> all;
  for (const auto& [id, member] : members_) {
    if (held || id != id_) all.push_back(member);
  }
  return all;
}

std::string Participant::tenure() const {
  const auto tenure = tenure_.load();
  return tenure && tenure->is_held() ? tenure->name() : std::string();
}

bool Participant::is_held() const {
  const auto tenure = tenure_.load();
  return tenure && tenure->is_held();
}

void Participant::change(std::function<void(Member& self)> change, bool at_once) {
  post([change = std::move(change), at_once](Participant& it) {
    change(it.self_);
    it.lease_->set_data(format_member(it.self_), at_once);
  });
}

void Participant::see(const Registry::Entry& entry) {
  const std::uint64_t before = lease_->sight().revision();
  lease_->see(entry);
  table_.see(entry, scheduler_->now());
  note(entry.key.substr(kNodeKeys.size()));  // a renewal is no event, and has a revision
  look();
  // Whoever puts under this id while it is watched, is alive.
  const LeaseSight& sight = lease_->sight();
  if (!joined_ || !live_ || before == 0 || sight.revision() <= before) return;
  const auto& record = sight.record();
  if (!record || record->holder.empty() || lease_->is_own()) return;
  const auto member = parse_member(record->data);
  end_joining({.code = Errc::version_conflict,
               .message = concat("another process is there as node ", quoted(id_), ", at address ",
                                 quoted(member ? member->node.address : std::string()),
                                 ": stop it, or choose another id")});
}

void Participant::live(bool live) {
  live_ = live;
  lease_->live(live);
  table_.live(live, scheduler_->now());
  look();
}

void Participant::acquired(const std::shared_ptr<Tenure>& tenure) {
  tenure_ = tenure;
  table_.own(tenure->name());
}

void Participant::lost() {
  table_.disown(MemberEvent::Kind::expired);
  lease_->want();
}

void Participant::tell(const MemberEvent& event) {
  note(event.member.node.id);
  std::erase_if(watchers_, [](const auto& watcher) { return watcher->gone.load(); });
  for (const auto& watcher : std::vector(watchers_)) watcher->tell(event);
  if (joined_ && event.kind == MemberEvent::Kind::joined && event.member.node.id == id_) {
    std::unique_ptr<Membership> membership(new Membership(shared_from_this()));
    take_joined()(std::move(membership));
  }
}

void Participant::join_timed_out() {
  end_joining({.code = Errc::unavailable,
               .message = concat("node ", quoted(id_), " could not join within ",
                                 options_.timeout.count(), " ms; it waited for: ", waiting_for())});
}

Membership::Joined Participant::take_joined() {
  if (const auto kept = kept_.lock()) kept->reset();
  return std::exchange(joined_, {});
}

void Participant::end_joining(const Error& error) {
  if (!joined_) return;
  const auto self = shared_from_this();
  auto joined = take_joined();
  close();
  joined(std::unexpected(error));
}

/// Keeps what other threads may ask for.
void Participant::note(const std::string& id) {
  const Member* const member = table_.find(id);
  const std::scoped_lock lock(mutex_);
  if (member != nullptr) {
    members_.insert_or_assign(id, *member);
  } else {
    members_.erase(id);
  }
}

/// Sees to it that leases which run out are noticed.
void Participant::look() {
  const BootTime next = table_.look(scheduler_->now());
  if (next >= looks_at_) return;
  looks_at_ = next;
  scheduler_->post_after(next - scheduler_->now(), [weak = weak_from_this(), next] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->looks_at_ == next) self->looks_at_ = BootTime::max();
    // Whoever was held up has to suspect itself: the renewals of the others may wait behind this.
    const BootTime now = self->scheduler_->now();
    if (now - next > BootTime(self->options_.lease.ttl) / kHeldUpInTtl && self->live_) {
      self->table_.live(true, now);
    }
    self->look();
  });
}

}  // namespace aether
