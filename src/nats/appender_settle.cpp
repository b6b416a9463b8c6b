// SPDX-License-Identifier: Apache-2.0
// How it becomes certain what became of a commit, where an answer does not say, or is no more than
// one server's.
#include "nats/appender.hpp"

#include <chrono>
#include <utility>

namespace aether::nats {

namespace {

using SteadyClock = std::chrono::steady_clock;

// A former leader that was stopped learns of the new one within a heartbeat, which comes each
// second.
constexpr std::chrono::milliseconds kLongestBehind{1'500};

}  // namespace

// Each step begins the next, as in appender.cpp.
// NOLINTBEGIN(misc-no-recursion)

/// Looks what follows the messages that the commit was judged by, from this part on.
void Appender::settle(const CommitPtr& commit, std::size_t index) {
  while (index < commit->parts.size() && !commit->parts[index].expected_sequence) ++index;
  if (index == commit->parts.size()) return settle_absent(commit);
  const Commit::Part& part = commit->parts[index];
  api_.next(part.message.subject, *part.expected_sequence + 1, false, commit->time_left(),
            [this, commit, index](ApiResult<StreamApi::Found> found) {
              if (!found) {
                return retry(commit, &Appender::settle_all, std::move(found.error().error));
              }
              if (!*found) return settle(commit, index + 1);
              auto events = decode_message(options_.ns, **found, options_.max_json_depth);
              if (!events) return end(commit, std::unexpected(std::move(events.error())));
              if (!commit->parts[index].is(*events)) return start_anew(commit);
              const std::uint64_t last = (*found)->sequence + commit->parts.size() - 1 - index;
              if (commit->parts.size() == 1) return stored(commit, last);
              settle_batch(commit, last, index == 0 ? commit->parts.size() - 1 : 0);
            });
}

/// One part is stored. It may be another commit's that has no more in common with this one: so
/// `index` must be stored, too.
void Appender::settle_batch(const CommitPtr& commit, std::uint64_t last_sequence,
                            std::size_t index) {
  const std::uint64_t sequence = last_sequence - (commit->parts.size() - 1 - index);
  api_.next(commit->parts[index].message.subject, sequence, false, commit->time_left(),
            [this, commit, last_sequence, index, sequence](ApiResult<StreamApi::Found> found) {
              if (!found) {
                return retry(commit, &Appender::settle_all, std::move(found.error().error));
              }
              if (*found && (*found)->sequence == sequence) {
                auto events = decode_message(options_.ns, **found, options_.max_json_depth);
                if (events && commit->parts[index].is(*events)) {
                  return stored(commit, last_sequence);
                }
              }
              start_anew(commit);
            });
}

/// Another's message is in the place, or the place is gone: no try of this commit can be stored
/// there any more.
void Appender::start_anew(const CommitPtr& commit) {
  if (SteadyClock::now() >= commit->deadline) {
    return end(commit, fail(Errc::unavailable,
                            "each time before the commit could be stored the actor had changed, "
                            "and nothing was stored: try again later"));
  }
  commit->forget();
  commit->is_fresh = true;
  load_heads(commit);
}

/// Nothing follows: the commit is not stored, or not yet. Not even a refusal says that it never
/// will be: while a leader changes two servers may take the message, one refuse and one store it.
/// It cannot be stored only where the message that must be the actor's last is gone (by retention,
/// or with the whole stream), and a server that is behind may say so for a moment.
void Appender::settle_absent(const CommitPtr& commit) {
  const std::uint64_t expected = commit->parts.front().expected_sequence.value_or(0);
  api_.last(commit->parts.front().message.subject, false, commit->time_left(),
            [this, commit, expected](ApiResult<StreamApi::Found> found) {
              if (!found) {
                return retry(commit, &Appender::settle_all, std::move(found.error().error));
              }
              const Error reason{.code = Errc::unavailable,
                                 .message = "the stream did not take the commit"};
              const std::uint64_t last = *found ? (*found)->sequence : 0;
              if (last >= expected) {
                commit->gone_since.reset();
                return retry(commit, last == expected ? &Appender::publish : &Appender::settle_all,
                             reason);
              }
              const auto now = SteadyClock::now();
              if (now - commit->gone_since.value_or(now) >= kLongestBehind) {
                return start_anew(commit);
              }
              if (!commit->gone_since) commit->gone_since = now;
              retry(commit, &Appender::settle_all, reason);
            });
}

// NOLINTEND(misc-no-recursion)

}  // namespace aether::nats
