// SPDX-License-Identifier: Apache-2.0
#include "nats/reader.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

namespace aether::nats {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Messages. Most histories are short, and come with the first batch. What comes beyond it, and how
// many are left, a server counts anew for each batch, which takes it a while.
constexpr std::uint64_t kFirstAtOnce = 128;
constexpr std::uint64_t kMostAtOnce = 4'000;  // they come without flow control
// So many are worth a consumer. With replicas it is the cluster's leader that makes it.
constexpr std::uint64_t kLong = 400;
constexpr std::uint64_t kLongWithReplicas = 4'000;
constexpr milliseconds kLookInterval{200};

/// 0 where there is none: then the message is looked into.
Version version_in(const StoredMessage& message) {
  Version version = 0;
  std::from_chars(message.version.data(), message.version.data() + message.version.size(), version);
  return version;
}

}  // namespace

std::string filter_subject(const Namespace& ns, const Filter& filter) {
  if (!filter.actor_id.empty()) return event_subject(ns, filter.actor_id);
  if (!filter.category.empty()) {
    return concat("aether.ev.", ns.text(), ".", to_subject_token(filter.category), ".*");
  }
  return event_stream_subjects(ns);
}

bool Reader::is_long(std::uint64_t messages) const {
  return may_consume_ && messages >= (options_.ask_leader ? kLongWithReplicas : kLong);
}

Result<Batch> Reader::fetch(const LongRead::Range& range, std::uint64_t at_once,
                            std::optional<LongRead>& long_read, Deadline deadline) {
  return try_until<Batch>(deadline, [&](milliseconds longest) -> ApiResult<Batch> {
    if (!options_.batch_get && !long_read) {
      long_read.emplace(api_, range, LongRead::Patience{deadline, longest});
    }
    if (long_read) {
      ApiResult<Batch> batch = long_read->next();
      if (!batch || batch->is_last) long_read.reset();
      if (batch || !options_.batch_get) return batch;
      // Whatever it was, the rest can be had without a consumer.
      if (batch.error().error.code == Errc::permission_denied) may_consume_ = false;
    }
    const std::uint64_t limit = std::min(range.limit, at_once);
    return wait_once<Batch>(
        deadline,
        [&](milliseconds timeout, auto completion) {
          api_.batch(range.subject, range.sequence, limit, timeout, std::move(completion));
        },
        longest);
  });
}

Result<std::optional<StoredMessage>> Reader::last(const std::string& subject, Deadline deadline) {
  return wait_for<StreamApi::Found>(deadline, [&](milliseconds timeout, auto completion) {
    api_.last(subject, !options_.ask_leader, timeout, std::move(completion));
  });
}

Result<std::uint64_t> Reader::last_sequence(const std::string& subject, Deadline deadline) {
  const auto found = last(subject, deadline);
  if (!found) return std::unexpected(found.error());
  const StreamApi::Found& message = *found;
  return message ? message->sequence : 0;
}

Result<std::optional<Place>> Reader::place_before(const std::string& subject, Version version,
                                                  Deadline deadline) {
  if (version <= 1) return Place{};
  const auto found = last(subject, deadline);
  if (!found) return std::unexpected(found.error());
  const StreamApi::Found& message = *found;
  if (!message) return std::nullopt;
  const auto headers = decode_headers(*message);
  if (!headers) return std::unexpected(headers.error());
  if (headers->version < version) return std::nullopt;
  const LocateRequest request{.subject = subject,
                              .version = version,
                              .end = {.version = headers->version, .sequence = message->sequence},
                              .direct = !options_.ask_leader};
  return wait_for<Place>(deadline, [&](milliseconds timeout, auto completion) {
    locate(api_, request, timeout, std::move(completion));
  });
}

template <class Take>
Result<void> Reader::scan(LongRead::Range range, bool fresh, Deadline deadline, const Take& take) {
  std::optional<LongRead> long_read;
  std::uint64_t at_once = kFirstAtOnce;
  std::uint64_t until = 0;  // of what the leader has
  auto pause = kFirstPause;
  while (true) {
    if (SteadyClock::now() >= deadline) {
      return fail(Errc::unavailable,
                  concat("reading took longer than ", options_.timeout.count(),
                         " ms: read less at a time, or raise the store's timeout"));
    }
    const auto batch = fetch(range, at_once, long_read, deadline);
    if (!batch) return std::unexpected(batch.error());
    at_once = kMostAtOnce;
    if (!batch->messages.empty()) range.sequence = batch->messages.back().sequence + 1;
    range.limit -= std::min<std::uint64_t>(range.limit - 1, batch->messages.size());
    if (!long_read && is_long(std::min(batch->pending, range.limit))) {
      // While these are looked at.
      long_read.emplace(api_, range, LongRead::Patience{deadline, kLongestTry});
    }
    for (const StoredMessage& message : batch->messages) {
      const Result<bool> goes_on = take(message);
      if (!goes_on) return std::unexpected(goes_on.error());
      if (!*goes_on) return {};
    }
    if (!batch->is_last) continue;
    if (!fresh || !options_.ask_leader || (until != 0 && range.sequence > until)) return {};
    const auto end = last_sequence(range.subject, deadline);
    if (!end) return std::unexpected(end.error());
    if (*end < range.sequence) return {};
    until = *end;  // who answered is behind the leader
    if (SteadyClock::now() + pause >= deadline) {
      return fail(Errc::unavailable,
                  "the servers that answer are behind the stream's leader: try again later");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::optional<Place> Reader::remembered_before(const std::string& subject, Version version) {
  const std::scoped_lock lock(mutex_);
  const Place* const place = places_.find(subject);
  if (place == nullptr || place->version >= version) return std::nullopt;
  if (place->version + kNearVersions < version) return std::nullopt;
  return *place;
}

void Reader::remember(const std::string& subject, const Place& place) {
  const std::scoped_lock lock(mutex_);
  places_.insert(subject, place);
  places_.trim();
}

Result<std::vector<EventPtr>> Reader::read(std::string_view actor_id, const ReadOptions& options) {
  std::vector<EventPtr> events;
  if (options.limit == 0 || actor_id.empty()) return events;
  const Deadline deadline = deadline_after(options_.timeout);
  const std::string subject = event_subject(options_.ns, actor_id);
  if (const auto place = remembered_before(subject, options.from_version)) {
    auto read = read_behind(subject, *place, true, options, deadline);
    if (!read) return std::unexpected(std::move(read.error()));
    if (*read) return std::move(**read);
  }
  const auto place = place_before(subject, options.from_version, deadline);
  if (!place) return std::unexpected(place.error());
  const std::optional<Place>& before = *place;
  if (!before) return events;
  auto read = read_behind(subject, *before, false, options, deadline);
  if (!read) return std::unexpected(std::move(read.error()));
  return std::move(read->value());
}

Result<std::optional<std::vector<EventPtr>>> Reader::read_behind(const std::string& subject,
                                                                 Place before, bool is_remembered,
                                                                 const ReadOptions& options,
                                                                 Deadline deadline) {
  // What stands between that place and the version is passed over.
  const std::uint64_t passed_over = before.sequence > 0 ? kNearVersions : 0;
  const LongRead::Range range{.subject = subject,
                              .sequence = is_remembered ? before.sequence : before.sequence + 1,
                              .limit = std::max(options.limit, options.limit + passed_over)};
  // A remembered place is read, too: that it is there still shows that it is one of this stream.
  bool is_right = !is_remembered;
  std::vector<EventPtr> events;
  Place reached = before;
  auto scanned = scan(range, true, deadline, [&](const StoredMessage& message) -> Result<bool> {
    const Version last = version_in(message);
    if (!is_right) {
      is_right = message.sequence == before.sequence && last == before.version;
      return is_right;
    }
    if (last != 0 && last < options.from_version) return true;
    auto decoded = decode_message(options_.ns, message, options_.max_json_depth);
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    const bool is_whole = events.size() + decoded->size() <= options.limit;
    for (EventPtr& event : *decoded) {
      if (event->version < options.from_version) continue;
      if (events.size() == options.limit) break;
      events.push_back(std::move(event));
    }
    if (is_whole) reached = {.version = last, .sequence = message.sequence};
    return events.size() < options.limit;
  });
  if (!scanned) return std::unexpected(std::move(scanned.error()));
  if (!is_right) return std::nullopt;
  if (reached.sequence > before.sequence) remember(subject, reached);
  return events;
}

Result<Page> Reader::read_all(const Filter& filter, Position after, std::size_t limit) {
  auto stretch = read_from(sequence_of(after), filter, after, limit, true);
  if (!stretch) return std::unexpected(std::move(stretch.error()));
  return std::move(stretch->page);
}

Result<Reader::Stretch> Reader::read_from(std::uint64_t sequence, const Filter& filter,
                                          Position after, std::size_t limit, bool fresh) {
  Stretch stretch{.page = {.events = {}, .next = after}, .sequence = sequence};
  if (sequence > kMaxSequence) return stretch;
  Page& page = stretch.page;
  auto scanned = scan(
      {.subject = filter_subject(options_.ns, filter),
       .sequence = std::max<std::uint64_t>(sequence, 1),
       .limit = limit},
      fresh, deadline_after(options_.timeout), [&](const StoredMessage& message) -> Result<bool> {
        auto decoded = decode_message(options_.ns, message, options_.max_json_depth);
        if (!decoded && decoded.error().position <= after) {
          stretch.sequence = message.sequence + 1;  // told of before; one goes on behind it
          return true;
        }
        if (!decoded) return std::unexpected(std::move(decoded.error()));
        const Position last = decoded->back()->position;
        stretch.sequence = message.sequence;
        for (EventPtr& event : *decoded) {
          if (event->position <= after || !filter.matches(*event)) continue;
          page.next = event->position;
          page.events.push_back(std::move(event));
          if (page.events.size() == limit && page.next != last) return false;
        }
        page.next = std::max(after, last);
        stretch.sequence = message.sequence + 1;
        return page.events.size() < limit;
      });
  if (!scanned && page.events.empty()) return std::unexpected(std::move(scanned.error()));
  return stretch;  // what was read before an error; that comes again at its place
}

Result<Version> Reader::latest_version(std::string_view actor_id) {
  if (actor_id.empty()) return 0;
  const auto found = last(event_subject(options_.ns, actor_id), deadline_after(options_.timeout));
  if (!found) return std::unexpected(found.error());
  const StreamApi::Found& message = *found;
  if (!message) return 0;
  const auto headers = decode_headers(*message);
  if (!headers) return std::unexpected(headers.error());
  return headers->version;
}

Result<bool> Reader::may_go_on(const Filter& filter, std::uint64_t sequence) {
  if (options_.batch_get) return true;
  const std::string subject = filter_subject(options_.ns, filter);
  const auto next = wait_for<StreamApi::Found>(
      deadline_after(options_.timeout), [&](milliseconds timeout, auto completion) {
        api_.next(subject, std::max<std::uint64_t>(sequence, 1), !options_.ask_leader, timeout,
                  std::move(completion));
      });
  if (!next) return std::unexpected(next.error());
  return next->has_value();
}

/// Asks once.
std::optional<StoredMessage> Reader::end_of_stream() {
  auto end = wait_for<StreamApi::Found>(SteadyClock::now(), [&](milliseconds, auto completion) {
    api_.last(event_stream_subjects(options_.ns), false, kLongestTry, std::move(completion));
  });
  return end ? std::move(*end) : std::nullopt;
}

std::optional<Position> Reader::end_without(const Filter& filter, std::uint64_t sequence) {
  const std::string subject = filter_subject(options_.ns, filter);
  if (subject == event_stream_subjects(options_.ns)) return std::nullopt;  // all was seen
  auto end = end_of_stream();
  if (!end || end->sequence < sequence) return std::nullopt;
  // Both answers must be one server's: another that has just become the leader might not know yet
  // what stands before the end. So who leads is looked up around them.
  std::string leader;
  if (options_.ask_leader) {
    const auto info = api_.info(kLongestTry);
    if (!info) return std::nullopt;
    leader = info->leader;
    end = end_of_stream();
    if (!end) return std::nullopt;
  }
  const auto next =
      wait_for<StreamApi::Found>(SteadyClock::now(), [&](milliseconds, auto completion) {
        api_.next(subject, std::max<std::uint64_t>(sequence, 1), false, kLongestTry,
                  std::move(completion));
      });
  if (!next || *next) return std::nullopt;
  if (options_.ask_leader) {
    const auto info = api_.info(kLongestTry);
    if (!info || info->leader != leader) return std::nullopt;
  }
  const auto headers = decode_headers(*end);
  if (!headers) return std::nullopt;
  return position_of(end->sequence, headers->count - 1);
}

Follower::Follower(Reader& reader, Position after)
    : reader_(reader), after_(after), sequence_(sequence_of(after)) {}

Result<Page> Follower::read(const Filter& filter, std::size_t limit) {
  const auto goes_on = reader_.may_go_on(filter, sequence_);
  if (!goes_on) return std::unexpected(goes_on.error());
  Page page{.events = {}, .next = after_};
  if (*goes_on) {
    auto stretch = reader_.read_from(sequence_, filter, after_, limit, false);
    if (!stretch) return std::unexpected(std::move(stretch.error()));
    page = std::move(stretch->page);
    sequence_ = stretch->sequence;
  }
  if (page.events.empty() && SteadyClock::now() >= next_look_) {
    next_look_ = SteadyClock::now() + kLookInterval;
    if (const auto end = reader_.end_without(filter, sequence_)) {
      page.next = std::max(page.next, *end);
      sequence_ = sequence_of(*end) + 1;
    }
  }
  after_ = page.next;
  return page;
}

}  // namespace aether::nats
