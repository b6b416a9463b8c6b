// SPDX-License-Identifier: Apache-2.0
#include "sqlite/writer.hpp"

#include "aether/store/commit.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aether::sqlite {

namespace {

// A group is as large as what waits, up to these: so that nobody waits long behind it, and the
// pages that it changes stay in the cache.
constexpr std::size_t kMaxGroupCommits = 4'096;
constexpr std::size_t kMaxGroupBytes = std::size_t{8} * 1024 * 1024;

// With nothing to do for this long, the log is moved into the database file.
constexpr std::chrono::milliseconds kIdle{1'000};

// What a commit takes in the queue beside its data, about.
constexpr std::size_t kEventOverhead = 256;

std::size_t size_of(std::span<const Event> events) {
  std::size_t bytes = 0;
  for (const Event& event : events) bytes += kEventOverhead + event.data.size();
  return bytes;
}

bool is_refusal(const Error& error) {
  return error.code == Errc::version_conflict || error.code == Errc::invalid_argument;
}

}  // namespace

Writer::Writer(std::unique_ptr<Transactions> transactions, WriterOptions options)
    : transactions_(std::move(transactions)),
      options_(std::move(options)),
      background_([this](const std::stop_token& stop) { run_background(stop); }) {}

void Writer::finish() {
  {
    const std::scoped_lock lock(mutex_);
    // What a completion appends from now on comes too late: a chain of them might never end.
    finishing_ = true;
  }
  if (!background_.joinable()) return;
  background_.request_stop();
  background_.join();
  // A reader elsewhere may keep SQLite from doing this when the connection is closed.
  if (transactions_->log_pages() > 0) checkpoint();
}

Result<Appended> Writer::append(std::span<Event> events, const AppendOptions& options) {
  auto request = std::make_shared<Request>();
  request->events.assign(std::move_iterator(events.begin()), std::move_iterator(events.end()));
  request->expected_version = options.expected_version;
  return submit(request, options.timeout);
}

void Writer::append_async(std::vector<Event> events, const AppendOptions& options,
                          Completion done) {
  auto request = std::make_shared<Request>();
  request->events = std::move(events);
  request->expected_version = options.expected_version;
  request->done = std::move(done);
  Lock lock(mutex_);
  auto queued = enqueue(lock, request);
  lock.unlock();
  if (!queued) {
    request->outcome = std::unexpected(std::move(queued.error()));
    complete(*request);
  }
}

Result<void> Writer::run(Job job, std::chrono::milliseconds timeout) {
  auto request = std::make_shared<Request>();
  request->job = std::move(job);
  auto outcome = submit(request, timeout);
  if (!outcome) return std::unexpected(std::move(outcome.error()));
  return {};
}

Result<Appended> Writer::submit(const RequestPtr& request, std::chrono::milliseconds timeout) {
  request->deadline = deadline_after(timeout);
  Lock lock(mutex_);
  if (leading_ && leader_ == std::this_thread::get_id()) {
    return fail(Errc::invalid_argument,
                "an append was called from an append's completion, which would wait for itself: "
                "use append_async there");
  }
  if (auto ok = enqueue(lock, request); !ok) return std::unexpected(ok.error());
  return await(lock, request);
}

Result<void> Writer::enqueue(Lock& lock, RequestPtr request) {
  request->bytes = size_of(request->events);
  const bool from_completion = leading_ && leader_ == std::this_thread::get_id();
  const auto has_room = [&] {
    return queue_.empty() || queued_bytes_ + request->bytes <= options_.max_queued_bytes ||
           from_completion;  // it must not wait for itself
  };
  if (!room_.wait_until(lock, request->deadline, has_room)) {
    return fail(Errc::unavailable,
                "the append waited too long for room in the store's queue, and was not begun: try "
                "again later");
  }
  if (finishing_) return fail(Errc::closed, "the store is being closed");
  if (poisoned_) return std::unexpected(*poisoned_);
  queued_bytes_ += request->bytes;
  const bool waited_for = !request->done;
  queue_.push_back(std::move(request));
  if (!waited_for && !leading_ && queue_.size() == 1) work_.notify_one();
  return {};
}

Result<Appended> Writer::await(Lock& lock, const RequestPtr& request) {
  while (!request->finished) {
    if (!leading_ && queue_.front() == request) {
      lead(lock);
      continue;
    }
    if (request->changed.wait_until(lock, request->deadline) == std::cv_status::no_timeout) {
      continue;
    }
    if (request->finished) break;
    const auto queued = std::ranges::find(queue_, request);
    if (queued == queue_.end()) {
      return fail(Errc::outcome_unknown,
                  "the append took too long; it may yet be stored: read the actor, or append the "
                  "same events (same ids) again");
    }
    if (!leading_ && queued == queue_.begin()) continue;
    queue_.erase(queued);
    queued_bytes_ -= request->bytes;
    room_.notify_all();
    wake_next_leader();
    return fail(Errc::unavailable,
                "the append waited too long behind others and was not begun: try again later");
  }
  return std::move(request->outcome);
}

void Writer::lead(Lock& lock) {
  leading_ = true;
  leader_ = std::this_thread::get_id();
  const std::vector<RequestPtr> group = take_group();
  lock.unlock();

  store_group(group);
  for (const RequestPtr& request : group) {
    if (request->done) complete(*request);
  }

  lock.lock();
  for (const RequestPtr& request : group) {
    request->finished = true;
    if (!request->done) request->changed.notify_one();
  }
  room_.notify_all();
  if (transactions_->log_pages() > options_.checkpoint_pages) {
    lock.unlock();  // nobody of the group waits for this
    checkpoint();
    lock.lock();
  }
  leading_ = false;
  wake_next_leader();
}

std::vector<Writer::RequestPtr> Writer::take_group() {
  std::vector<RequestPtr> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < kMaxGroupCommits) {
    bytes += queue_.front()->bytes;
    if (!group.empty() && bytes > kMaxGroupBytes) break;
    queued_bytes_ -= queue_.front()->bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::wake_next_leader() {
  if (queue_.empty() || leading_) return;
  if (queue_.front()->done) {
    work_.notify_one();
  } else {
    queue_.front()->changed.notify_one();
  }
}

// NOLINTNEXTLINE(misc-no-recursion): one level deep, into groups of one
void Writer::store_group(std::span<const RequestPtr> group) {
  if (const auto poisoned = poisoned_now()) return fail_group(group, *poisoned, false);
  if (auto begun = transactions_->begin(patience_of(group)); !begun) {
    return fail_group(group, begun.error(), false);
  }
  if (auto held = options_.check_files(); !held) {
    transactions_->roll_back();
    return fail_group(group, held.error(), false);
  }
  if (auto error = apply(group)) {
    transactions_->roll_back();
    if (group.size() == 1) return fail_group(group, *error, false);
    // What fails may be one commit's own trouble (a damaged page under its actor).
    for (const RequestPtr& request : group) store_group(std::span(&request, 1));
    return;
  }
  GroupEnd end = transactions_->commit();
  if (auto held = options_.check_files(); !end.error && !held) {
    // Stored, and perhaps where nobody will look for it.
    end = {.error = std::move(held.error()), .unknown = true};
    end.error->code = Errc::outcome_unknown;
  }
  if (!end.error) return options_.on_stored();
  fail_group(group, *end.error, end.unknown);
  if (end.poisoned) {
    const Error error{.code = Errc::unavailable,
                      .message =
                          "the store is closed for appends since the disk failed to "
                          "confirm what was written: check the disk, then open the store "
                          "anew"};
    {
      const std::scoped_lock lock(mutex_);
      poisoned_ = error;
    }
    if (options_.log) options_.log(LogLevel::error, error.message);
  }
}

/// How long to wait for another program's lock: no longer than the first who waits for the group.
std::chrono::milliseconds Writer::patience_of(std::span<const RequestPtr> group) {
  Deadline first = Deadline::max();
  for (const RequestPtr& request : group) first = std::min(first, request->deadline);
  const auto left = first - std::chrono::steady_clock::now();
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(left),
                    std::chrono::milliseconds::zero(), Connection::kBusyTimeout);
}

std::optional<Error> Writer::poisoned_now() {
  const std::scoped_lock lock(mutex_);
  return poisoned_;
}

/// An error: the group cannot be stored. Refusals are outcomes of their own.
std::optional<Error> Writer::apply(std::span<const RequestPtr> group) {
  for (const RequestPtr& request : group) {
    if (request->events.empty()) {
      auto ran = request->job(*transactions_);
      if (!ran) return std::move(ran.error());
      request->outcome = Appended{};
      continue;
    }
    request->outcome = transactions_->append(request->events, request->expected_version);
    if (!request->outcome && !is_refusal(request->outcome.error())) {
      return std::move(request->outcome.error());
    }
  }
  return std::nullopt;
}

/// A refusal was judged on events of the group that are not stored after all, so it does not stand:
/// `unavailable` is true of it, also where the rest is unknown.
void Writer::fail_group(std::span<const RequestPtr> group, const Error& error, bool unknown) {
  for (const RequestPtr& request : group) {
    const bool refused = !request->outcome;
    Error outcome = error;
    if (unknown && refused) outcome.code = Errc::unavailable;
    request->outcome = std::unexpected(std::move(outcome));
  }
}

void Writer::complete(Request& request) {
  complete_append(request.done, std::move(request.outcome), options_.log);
}

void Writer::run_background(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (true) {
    const bool woken = work_.wait_for(
        lock, stop, kIdle, [this] { return !leading_ && !queue_.empty() && queue_.front()->done; });
    if (woken) {
      lead(lock);
    } else if (stop.stop_requested()) {
      if (!leading_ && queue_.empty()) return;
      // The destructor runs when no member function does: what is left is asynchronous.
      if (!leading_) lead(lock);
    } else if (!leading_ && queue_.empty()) {
      leading_ = true;
      leader_ = std::this_thread::get_id();
      lock.unlock();
      if (transactions_->log_pages() > 0) checkpoint();
      lock.lock();
      leading_ = false;
      wake_next_leader();
    }
  }
}

void Writer::checkpoint() {
  auto done = transactions_->checkpoint();
  if (!done && options_.log) options_.log(LogLevel::warning, done.error().message);
}

}  // namespace aether::sqlite
