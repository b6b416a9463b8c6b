// SPDX-License-Identifier: Apache-2.0
#include "nats/registry_put.hpp"

#include "aether/core/uuid.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using Found = StreamApi::Found;

// A leader that was stopped, and goes on, believes for a moment that it still leads.
constexpr milliseconds kLongestLag{500};
// What somebody waits for is worth another question sooner than in a store's reads.
constexpr milliseconds kLongestPauseOfPut{100};

/// The time for one question: half of what is left, so that another one may follow.
milliseconds half_of_time(SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
  return std::clamp(left / 2, milliseconds(1), kLongestTry);
}

bool is_time_over(SteadyClock::time_point deadline) {
  return SteadyClock::now() + kShortestTry >= deadline;
}

}  // namespace

RegistryPut::RegistryPut(std::shared_ptr<RegistryCore> core, Order order, Registry::PutDone done)
    : core_(std::move(core)),
      order_(std::move(order)),
      subject_(core_->subject_of(order_.key)),
      id_(make_uuid_v7()),
      done_(std::move(done)),
      pause_(kFirstPause) {}

milliseconds RegistryPut::time_for_one() const { return half_of_time(order_.deadline); }
bool RegistryPut::is_late() const { return is_time_over(order_.deadline); }

void RegistryPut::publish() {
  const std::string expected = concat(order_.expected);
  const std::string message_id = concat(order_.key, ":", expected);
  std::vector<Header> headers{
      {.name = "Nats-Expected-Stream", .value = core_->api->stream()},
      {.name = "Nats-Expected-Last-Subject-Sequence", .value = expected},
      {.name = "Nats-Msg-Id", .value = message_id},
      {.name = "Aether-Put", .value = id_},
  };
  // For the tools, which show a key as removed by this.
  if (order_.value.empty()) headers.push_back({.name = "KV-Operation", .value = "DEL"});
  core_->api->publish(subject_, headers, order_.value, time_for_one(),
                      [self = shared_from_this()](ApiResult<Stored> stored) {
                        Scheduler& scheduler = *self->core_->scheduler;
                        scheduler.post([self, stored = std::move(stored)]() mutable {
                          self->on_answer(std::move(stored));
                        });
                      });
}

void RegistryPut::on_answer(ApiResult<Stored> stored) {
  if (stored && !stored->is_duplicate) return finish(stored->sequence);
  if (stored) return look();  // of this one, or of another that expected the same
  ApiError& error = stored.error();
  switch (error.code) {
    case ApiCode::wrong_last_sequence:
      return look();  // the echo of an earlier try, or a leader that no longer is one
    case ApiCode::sequence_in_flight:
    case ApiCode::duplicate_in_process:
      return after_a_pause(&RegistryPut::publish);
    default:
      break;
  }
  if (error.error.code == Errc::outcome_unknown) {
    is_unanswered_ = true;
    return look();
  }
  if (!is_unanswered_) return finish(std::unexpected(std::move(error.error)));
  after_a_pause(&RegistryPut::look);
}

void RegistryPut::look() {
  if (is_late()) return give_up({.code = Errc::unavailable, .message = "there was no time left"});
  core_->api->last(
      subject_, false, time_for_one(), [self = shared_from_this()](ApiResult<Found> found) {
        Scheduler& scheduler = *self->core_->scheduler;
        scheduler.post(
            [self, found = std::move(found)]() mutable { self->on_found(std::move(found)); });
      });
}

void RegistryPut::on_found(ApiResult<Found> found) {
  if (!found) {
    Error& error = found.error().error;
    if (error.code != Errc::unavailable || is_late()) return give_up(std::move(error));
    return after_a_pause(&RegistryPut::look);
  }
  const Found& last = *found;
  const std::uint64_t revision = last ? last->sequence : 0;
  if (last && last->put == id_) return finish(revision);
  if (revision > order_.expected) {
    // Where that one followed the expected one directly, ours is not between the two.
    const bool is_next = last->put_after == concat(order_.expected);
    if (!is_unanswered_ || is_next) return finish(std::unexpected(conflict(revision)));
    return finish(std::unexpected(unknown(concat("another has set it since, to ", revision))));
  }
  if (revision < order_.expected) {
    const auto now = SteadyClock::now();
    if (!behind_since_) behind_since_ = now;
    const bool is_sure = !core_->has_replicas || now - *behind_since_ >= kLongestLag;
    if (is_sure && !is_unanswered_) return finish(std::unexpected(conflict(revision)));
  }
  if (is_late()) {
    return give_up({.code = Errc::unavailable, .message = "the server has not taken it"});
  }
  after_a_pause(revision == order_.expected ? &RegistryPut::publish : &RegistryPut::look);
}

void RegistryPut::after_a_pause(void (RegistryPut::*next)()) {
  if (is_late()) {
    return give_up({.code = Errc::unavailable, .message = "the server has much to do"});
  }
  core_->scheduler->post_after(pause_, [self = shared_from_this(), next] { ((*self).*next)(); });
  pause_ = std::min(pause_ * 2, kLongestPauseOfPut);
}

void RegistryPut::give_up(Error reason) {
  if (is_unanswered_) return finish(std::unexpected(unknown(reason.message)));
  if (reason.code == Errc::unavailable) {
    reason.message = concat("the key ", quoted(order_.key),
                            " could not be set in time, and was not: ", reason.message);
  }
  finish(std::unexpected(std::move(reason)));
}

void RegistryPut::finish(Result<std::uint64_t> outcome) { core_->call(done_, std::move(outcome)); }

Error RegistryPut::conflict(std::uint64_t revision) const {
  return {.code = Errc::version_conflict,
          .message = concat("the key ", quoted(order_.key), " has the revision ", revision,
                            ", and ", order_.expected, " was expected")};
}

Error RegistryPut::unknown(std::string_view why) const {
  return {.code = Errc::outcome_unknown,
          .message = concat("it is not known whether the key ", quoted(order_.key),
                            " was set: read it (", why, ")")};
}

RegistryGet::RegistryGet(std::shared_ptr<RegistryCore> core, std::string key,
                         SteadyClock::time_point deadline, Registry::GetDone done)
    : core_(std::move(core)),
      key_(std::move(key)),
      deadline_(deadline),
      done_(std::move(done)),
      pause_(kFirstPause) {}

void RegistryGet::begin() {
  // From the leader: a replica may be behind.
  core_->api->last(core_->subject_of(key_), false, half_of_time(deadline_),
                   [self = shared_from_this()](ApiResult<Found> found) {
                     Scheduler& scheduler = *self->core_->scheduler;
                     scheduler.post([self, found = std::move(found)]() mutable {
                       self->on_found(std::move(found));
                     });
                   });
}

void RegistryGet::on_found(ApiResult<Found> found) {
  if (!found) {
    Error& error = found.error().error;
    if (error.code != Errc::unavailable || is_time_over(deadline_)) {
      return core_->call(done_, std::unexpected(std::move(error)));
    }
    core_->scheduler->post_after(pause_, [self = shared_from_this()] { self->begin(); });
    pause_ = std::min(pause_ * 2, kLongestPauseOfPut);
    return;
  }
  Found& last = *found;
  if (!last) return core_->call(done_, std::optional<Registry::Entry>());
  core_->call(done_, Registry::Entry{
                         .key = key_, .value = std::move(last->body), .revision = last->sequence});
}

}  // namespace aether::nats
