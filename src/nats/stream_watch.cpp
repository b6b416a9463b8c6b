// SPDX-License-Identifier: Apache-2.0
#include "nats/stream_watch.hpp"

#include "core/text.hpp"
#include "nats/waiting.hpp"

namespace aether::nats {

namespace {

// Where nothing fails somebody was quick, or it happened while nobody read.
constexpr std::chrono::seconds kUsualInterval{10};
// A former leader that was stopped learns of the new one within a heartbeat, which comes each
// second.
constexpr std::chrono::seconds kLongestBehindStream{2};

}  // namespace

StreamWatch::StreamWatch(StreamApi& api, Timestamp created, Position after)
    : api_(api), created_(created), reached_(after), next_look_(Clock::now() + kUsualInterval) {}

Result<void> StreamWatch::check() {
  if (Clock::now() < next_look_) return {};
  const auto info = api_.info(kLongestTry);
  if (!info) return {};  // what is read now says why; the next look comes before the next page
  const auto now = Clock::now();
  if (info->created == created_ && info->last_sequence >= last_sequence_) {
    other_since_.reset();
    next_look_ = now + kUsualInterval;
    return {};
  }
  if (!other_since_) other_since_ = now;
  const bool is_sure = now - *other_since_ >= kLongestBehindStream;
  return fail(
      is_sure ? Errc::corrupt : Errc::unavailable,
      concat("the stream ", quoted(api_.stream()),
             " is another one than it was: made anew, or brought back from a backup. Its "
             "positions up to ",
             reached_,
             " are not those that were read: begin again, from what is known to be in both, "
             "or from 0"));
}

void StreamWatch::note(const Result<Page>& page) {
  if (!page) {
    look_now();
    return;
  }
  if (page->next <= reached_) return;
  reached_ = page->next;
  last_sequence_ = sequence_of(page->next);
}

}  // namespace aether::nats
