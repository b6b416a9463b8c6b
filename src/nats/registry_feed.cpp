// SPDX-License-Identifier: Apache-2.0
#include "nats/registry_feed.hpp"

#include "aether/core/uuid.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSignOfLifeEvery{500};
// Three signs of life were missed, and a busy machine has had its time.
constexpr milliseconds kSilence{1'750};
constexpr milliseconds kLookEvery{1'000};
constexpr milliseconds kLookTimeout{1'500};
// Nobody who leads has answered: what the consumer sends may be one side of a partition.
constexpr milliseconds kNoLeader{3'000};
constexpr milliseconds kFeedTick{250};
constexpr milliseconds kBeginTimeout{2'000};
constexpr milliseconds kFirstPauseOfFeed{20};
constexpr milliseconds kLongestPauseOfFeed{1'000};
constexpr int kSignOfLife = 100;  // a status

std::uint64_t number_in_header(const Message& message, const std::string& header) {
  const std::string_view text = message.header(header).value_or("");
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string make_feed_inbox(const ConnectOptions& options) {
  std::string token = make_uuid_v7();
  std::erase(token, '-');
  return concat(options.inbox_prefix, ".", token, ".");
}

}  // namespace

/// A watch, as its owner holds it.
class RegistryFeed::WatchOwner final : public Registry::WatchHandle {
 public:
  WatchOwner(std::weak_ptr<RegistryFeed> feed, std::shared_ptr<Watch> watch)
      : feed_(std::move(feed)), watch_(std::move(watch)) {}
  ~WatchOwner() override {
    watch_->stop();
    const auto feed = feed_.lock();
    if (!feed) return;
    feed->core_->scheduler->post([weak = feed_, watch = watch_] {
      if (const auto self = weak.lock()) self->remove(watch);
    });
  }
  WatchOwner(const WatchOwner&) = delete;
  WatchOwner& operator=(const WatchOwner&) = delete;

 private:
  const std::weak_ptr<RegistryFeed> feed_;
  const std::shared_ptr<Watch> watch_;
};

RegistryFeed::RegistryFeed(std::shared_ptr<RegistryCore> core)
    : core_(std::move(core)),
      inbox_(make_feed_inbox(core_->session().options())),
      pause_(kFirstPauseOfFeed) {}

RegistryFeed::~RegistryFeed() {
  if (is_attempting_ && !consumer_.empty()) core_->api->remove_consumer(consumer_);
}

void RegistryFeed::listen() {
  // The handle is gone, and what runs waited for, before the scheduler may go: see close().
  listening_ = core_->session().transport().listen(
      [scheduler = core_->scheduler.get(), weak = weak_from_this()](const LinkEvent& event) {
        scheduler->post([weak, event] {
          if (const auto self = weak.lock()) self->on_event(event);
        });
      });
}

void RegistryFeed::close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  auto subscription = std::move(subscription_);
  lock.unlock();
  subscription.reset();
  listening_.reset();
}

std::unique_ptr<Registry::WatchHandle> RegistryFeed::watch(Registry::Watcher watcher) {
  auto watch =
      std::make_shared<Watch>([core = core_, watcher = std::move(watcher)](const News& news) {
        if (news.entry != nullptr) {
          core->call(watcher.on_entry, *news.entry);
        } else {
          core->call(watcher.on_live, news.is_live);
        }
      });
  core_->scheduler->post([weak = weak_from_this(), watch] {
    if (const auto self = weak.lock()) self->add(watch);
  });
  return std::make_unique<WatchOwner>(weak_from_this(), std::move(watch));
}

void RegistryFeed::add(const std::shared_ptr<Watch>& watch) {
  watches_.push_back(watch);
  std::vector<const Registry::Entry*> entries;
  for (const auto& [key, entry] : present_) entries.push_back(&entry);
  std::ranges::sort(entries, {}, &Registry::Entry::revision);
  for (const Registry::Entry* entry : entries) watch->call({.entry = entry});
  if (is_live_) watch->call({.is_live = true});
  if (is_running_) return;
  is_running_ = true;
  pause_ = kFirstPauseOfFeed;
  next_begin_ = {};
  begin();
  tick(++run_);
}

void RegistryFeed::remove(const std::shared_ptr<Watch>& watch) {
  if (std::erase(watches_, watch) == 0 || !watches_.empty()) return;
  end_attempt();
  is_running_ = false;
  is_live_ = false;
  present_.clear();
}

void RegistryFeed::tell(const News& news) {
  const auto watches = watches_;  // a callback may begin another, or end one
  for (const auto& watch : watches) watch->call(news);
}

void RegistryFeed::begin() {
  if (core_->session().transport().status() != ConnectionStatus::connected) return;
  ++attempt_;
  is_attempting_ = true;
  consumer_.clear();
  number_ = 0;
  seen_ = 0;
  look_.reset();
  is_looking_ = false;
  heard_ = answered_ = Clock::now();
  present_.clear();
  core_->api->info(kBeginTimeout, [weak = weak_from_this(), core = core_,
                                   attempt = attempt_](ApiResult<StreamInfo> info) {
    core->scheduler->post([weak, attempt, info = std::move(info)]() mutable {
      if (const auto self = weak.lock()) self->on_stream(attempt, std::move(info));
    });
  });
}

void RegistryFeed::on_stream(std::uint64_t attempt, ApiResult<StreamInfo> info) {
  if (attempt != attempt_ || !is_attempting_) return;
  if (!info) return begin_anew(info.error().error.message, LogLevel::warning);
  if (!is_this_stream(*info)) return;
  answered_ = Clock::now();
  next_look_ = answered_ + kLookEvery;
  look_ = Look{.last = info->messages == 0 ? 0 : info->last_sequence, .seen = 0};
  make_consumer(attempt);
}

void RegistryFeed::make_consumer(std::uint64_t attempt) {
  const std::string inbox = concat(inbox_, attempt);
  auto subscription = core_->session().transport().subscribe(
      inbox, "",
      [weak = weak_from_this(), scheduler = core_->scheduler.get(),
       attempt](const Message& message) {
        Arrival arrival{.attempt = attempt, .is_sign_of_life = message.status() == kSignOfLife};
        if (arrival.is_sign_of_life) {
          arrival.number = number_in_header(message, "Nats-Last-Consumer");
        } else {
          const Delivered delivered = delivered_as(message.reply());
          arrival.sequence = delivered.sequence;
          arrival.number = delivered.number;
          arrival.subject = message.subject();
          arrival.body = message.data();
        }
        scheduler->post([weak, arrival = std::move(arrival)]() mutable {
          if (const auto self = weak.lock()) self->on_arrival(std::move(arrival));
        });
      });
  if (!subscription) return begin_anew(subscription.error().message);
  {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return;  // with it goes the subscription
    subscription_ = std::move(*subscription);
  }
  core_->api->make_feed(
      concat(core_->prefix, ">"), inbox, kSignOfLifeEvery, kBeginTimeout,
      [weak = weak_from_this(), core = core_, attempt](ApiResult<ConsumerInfo> made) {
        core->scheduler->post([weak, attempt, made = std::move(made)]() mutable {
          if (const auto self = weak.lock()) {
            self->on_consumer(attempt, std::move(made));
          }
        });
      });
}

void RegistryFeed::on_consumer(std::uint64_t attempt, ApiResult<ConsumerInfo> made) {
  if (attempt != attempt_ || !is_attempting_) {
    if (made) core_->api->remove_consumer(made->name);
    return;
  }
  if (!made) return begin_anew(made.error().error.message, LogLevel::warning);
  consumer_ = std::move(made->name);
  heard_ = Clock::now();
  if (seen_ >= look_->last) go_live();
}

void RegistryFeed::on_arrival(Arrival arrival) {
  if (arrival.attempt != attempt_ || !is_attempting_) return;
  heard_ = Clock::now();
  if (arrival.is_sign_of_life) {
    if (arrival.number != number_)
      begin_anew("what a server sent before it fell silent is missing");
    return;
  }
  if (arrival.number != number_ + 1 || arrival.sequence <= seen_) {
    return begin_anew(concat("message ", arrival.number, " came after message ", number_));
  }
  number_ = arrival.number;
  seen_ = arrival.sequence;
  highest_ = std::max(highest_, seen_);
  const std::string_view subject = arrival.subject;
  const std::string_view key = subject.substr(std::min(core_->prefix.size(), subject.size()));
  if (subject.starts_with(core_->prefix) && check_registry_key(key)) {
    Registry::Entry entry{
        .key = std::string(key), .value = std::move(arrival.body), .revision = arrival.sequence};
    present_[entry.key] = entry;
    tell({.entry = &entry});
  }
  if (!is_live_ && !consumer_.empty() && seen_ >= look_->last) go_live();
}

void RegistryFeed::go_live() {
  if (is_live_) return;
  is_live_ = true;
  pause_ = kFirstPauseOfFeed;
  told_.clear();
  tell({.is_live = true});
}

void RegistryFeed::on_event(const LinkEvent& event) {
  if (!is_running_) return;
  const bool is_lost =
      event.kind == LinkEvent::Kind::disconnected || event.kind == LinkEvent::Kind::closed;
  if (is_lost && is_attempting_) {
    begin_anew("the connection was lost");
  } else if (event.kind == LinkEvent::Kind::slow && is_attempting_) {
    begin_anew("messages were dropped, for too many waited", LogLevel::warning);
  } else if (event.kind == LinkEvent::Kind::reconnected) {
    // What a server said before counts no more, even if nobody noticed that it went.
    if (is_attempting_) begin_anew("the connection is a new one");
    if (!is_attempting_) begin();
  }
}

void RegistryFeed::tick(std::uint64_t run) {
  if (run != run_ || !is_running_) return;
  core_->scheduler->post_after(kFeedTick, [weak = weak_from_this(), run] {
    if (const auto self = weak.lock()) self->tick(run);
  });
  const auto now = Clock::now();
  if (!is_attempting_) {
    if (now >= next_begin_) begin();
    return;
  }
  if (!consumer_.empty() && now - heard_ > kSilence) {
    return begin_anew("nothing was heard from the server");
  }
  if (now - answered_ > kNoLeader) return begin_anew("the stream's leader does not answer");
  if (consumer_.empty() || is_looking_ || now < next_look_) return;
  is_looking_ = true;
  next_look_ = now + kLookEvery;
  core_->api->info(kLookTimeout, [weak = weak_from_this(), core = core_,
                                  attempt = attempt_](ApiResult<StreamInfo> info) {
    core->scheduler->post([weak, attempt, info = std::move(info)] {
      const auto self = weak.lock();
      if (!self || attempt != self->attempt_ || !self->is_attempting_) return;
      self->is_looking_ = false;
      if (info) self->take_stock(*info);
    });
  });
}

void RegistryFeed::take_stock(const StreamInfo& info) {
  if (!is_this_stream(info)) return;
  answered_ = Clock::now();
  const std::optional<Look> before =
      std::exchange(look_, Look{.last = info.last_sequence, .seen = seen_});
  if (seen_ >= info.last_sequence) {
    if (!is_live_) go_live();
    return;
  }
  // It had a second's time for what was there at the last look, and nothing at all has come.
  if (before && before->last > seen_ && before->seen == seen_) ask_for_the_last();
}

void RegistryFeed::ask_for_the_last() {
  core_->api->last(concat(core_->prefix, ">"), false, kLookTimeout,
                   [weak = weak_from_this(), core = core_,
                    attempt = attempt_](ApiResult<StreamApi::Found> found) {
                     core->scheduler->post([weak, attempt, found = std::move(found)] {
                       const auto self = weak.lock();
                       if (!self || attempt != self->attempt_ || !self->is_attempting_ || !found)
                         return;
                       const StreamApi::Found& last = *found;
                       if (last && last->sequence > self->seen_) {
                         return self->begin_anew(
                             concat("revision ", last->sequence, " has not come"),
                             LogLevel::warning);
                       }
                       // There is no message at the stream's last sequence: somebody has purged it.
                       self->seen_ = std::max(self->seen_, self->look_ ? self->look_->last : 0);
                       self->go_live();
                     });
                   });
}

bool RegistryFeed::is_this_stream(const StreamInfo& info) {
  if (info.created == core_->created && info.last_sequence >= highest_) return true;
  begin_anew(concat("the stream ", quoted(core_->api->stream()),
                    " is another one than it was, or a server has fallen behind: its last revision "
                    "is ",
                    info.last_sequence, " where ", highest_,
                    " was seen. If it was made anew, or brought back from a backup, restart all "
                    "nodes: revisions begin anew"),
             LogLevel::error);
  return false;
}

void RegistryFeed::begin_anew(std::string_view why, LogLevel level) {
  // What does not pass is said once, and not each second.
  if (told_ != why) {
    told_ = why;
    core_->tell(level,
                concat("the watch of ", quoted(core_->api->stream()), " begins anew: ", why));
  }
  end_attempt();
  next_begin_ = Clock::now() + pause_;
  pause_ = std::min(pause_ * 2, kLongestPauseOfFeed);
  core_->scheduler->post_after(next_begin_ - Clock::now(),
                               [weak = weak_from_this(), run = run_, attempt = attempt_] {
                                 const auto self = weak.lock();
                                 if (!self || run != self->run_ || attempt != self->attempt_)
                                   return;
                                 if (self->is_running_ && !self->is_attempting_) self->begin();
                               });
  if (!std::exchange(is_live_, false)) return;
  tell({.is_live = false});
}

void RegistryFeed::end_attempt() {
  if (!std::exchange(is_attempting_, false)) return;
  std::unique_lock lock(mutex_);
  auto subscription = std::move(subscription_);
  lock.unlock();
  subscription.reset();
  if (!consumer_.empty()) core_->api->remove_consumer(consumer_);
}

}  // namespace aether::nats
