// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/log.hpp"
#include "aether/store/event_store.hpp"
#include "sqlite/transaction.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace aether::sqlite {

struct WriterOptions {
  std::size_t max_queued_bytes;
  int checkpoint_pages;                       ///< checkpoint when the log is this long
  std::function<void()> on_stored;            ///< called after each group that stored events
  std::function<Result<void>()> check_files;  ///< called before each group; an error refuses it
  LogSink log;
};

/// Group commit: what waits at the same time is stored in one transaction, with one fsync.
///
/// There is one queue and one leader at a time. A thread that waits for its append leads when it
/// is at the front of the queue and nobody leads: so a single appender commits on its own thread,
/// and pays for no hand-over, which costs as much as a third of an fsync. What nobody waits for is
/// led by a thread of the writer's own, which also does the checkpoints when there is time.
class Writer {
 public:
  Writer(std::unique_ptr<Transactions> transactions, WriterOptions options);
  ~Writer() { finish(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  using Completion = EventStore::Completion;
  /// A write within the group's transaction that is no commit of events.
  using Job = std::move_only_function<Result<void>(Transactions&)>;

  Result<Appended> append(std::span<Event> events, const AppendOptions& options);
  void append_async(std::vector<Event> events, const AppendOptions& options, Completion done);
  Result<void> run(Job job, std::chrono::milliseconds timeout);

  /// Stores what is queued, then ends. From then on all else is `closed`. Idempotent.
  void finish();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Request {
    std::vector<Event> events;  // none: it is a job
    std::optional<Version> expected_version{};
    Job job{};
    Completion done{};  // none: a thread waits
    std::size_t bytes = 0;
    Deadline deadline = Deadline::max();  // of the thread that waits
    bool finished = false;
    Result<Appended> outcome{};
    std::condition_variable changed{};
  };
  using RequestPtr = std::shared_ptr<Request>;
  using Lock = std::unique_lock<std::mutex>;

  /// Queues `request`; waits for room until its deadline.
  Result<void> enqueue(Lock& lock, RequestPtr request);
  Result<Appended> await(Lock& lock, const RequestPtr& request);
  Result<Appended> submit(const RequestPtr& request, std::chrono::milliseconds timeout);

  /// Takes a group from the queue, stores it, tells everyone. Unlocks meanwhile.
  void lead(Lock& lock);
  std::vector<RequestPtr> take_group();
  void wake_next_leader();
  void store_group(std::span<const RequestPtr> group);
  std::optional<Error> apply(std::span<const RequestPtr> group);
  static void fail_group(std::span<const RequestPtr> group, const Error& error, bool unknown);
  void complete(Request& request);
  static std::chrono::milliseconds patience_of(std::span<const RequestPtr> group);
  std::optional<Error> poisoned_now();

  void run_background(const std::stop_token& stop);
  void checkpoint();

  std::unique_ptr<Transactions> transactions_;  // the leader's
  const WriterOptions options_;

  std::mutex mutex_;  // guards all below
  std::deque<RequestPtr> queue_;
  std::size_t queued_bytes_ = 0;
  bool leading_ = false;
  std::thread::id leader_;
  std::optional<Error> poisoned_;
  bool finishing_ = false;
  std::condition_variable room_;
  std::condition_variable_any work_;

  std::jthread background_;
};

}  // namespace aether::sqlite
