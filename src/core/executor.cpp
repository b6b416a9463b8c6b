// SPDX-License-Identifier: Apache-2.0
#include "core/executor.hpp"

#include "core/deadline.hpp"
#include "core/runnable.hpp"
#include "core/spin_lock.hpp"
#include "core/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace aether {

namespace {

constexpr std::size_t kFewestThreads = 2;  // one may be held up
constexpr std::size_t kMostProcessors = 32;

// A thread that finds nothing to do looks this many times before it sleeps, about 20 µs: to wake
// it costs whoever does so some microseconds. One thread at a time does so.
constexpr int kLooks = 500;

// A turn this many times as long as patience holds up its thread, though it does not sleep.
constexpr int kLongTurn = 20;

thread_local const Activity* current = nullptr;  // whose turn this thread runs

}  // namespace

/// The one mutex is held for tens of nanoseconds at a time, never during a turn.
class Executor::Threads final : public Executor, public std::enable_shared_from_this<Threads> {
 public:
  explicit Threads(const ExecutorOptions& options)
      : options_(options),
        usual_(options.threads != 0 ? options.threads
                                    : std::clamp<std::size_t>(std::thread::hardware_concurrency(),
                                                              kFewestThreads, kMostProcessors)) {}

  void begin() {
    std::unique_lock lock(mutex_);
    add_worker();
    try {
      watcher_ = std::thread([self = shared_from_this()] { self->watch(); });
    } catch (...) {
      lock.unlock();
      end();
      throw;
    }
  }

  /// There is no activity left, so each thread sleeps, or is about to. Called by one of them, it
  /// waits for none: they end by themselves, and the last takes all this with it.
  void end() {
    const auto caller = std::this_thread::get_id();
    std::vector<std::thread> threads;
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
      while (call_one()) {
      }
      watcher_called_.notify_one();
      for (Worker& worker : workers_) threads.push_back(std::move(worker.thread));
      for (Worker& worker : gone_) threads.push_back(std::move(worker.thread));
      threads.push_back(std::move(watcher_));
      // Before any of them can end: a thread that has ended and is neither joined nor detached
      // counts as leaked, should the program end now.
      if (std::ranges::find(threads, caller, &std::thread::get_id) != threads.end()) {
        for (std::thread& thread : threads) {
          if (thread.joinable()) thread.detach();
        }
      }
    }
    for (std::thread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
  }

  [[nodiscard]] std::size_t threads() const override {
    const std::scoped_lock lock(mutex_);
    return workers_.size();
  }

 private:
  /// Those who wait for a turn, the first of them first.
  class Line {
   public:
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

    void push(std::shared_ptr<Activity> activity) {
      Activity* const last = activity.get();
      (size() == 0 ? first_ : last_->next_) = std::move(activity);
      last_ = last;
      size_.store(size() + 1, std::memory_order_relaxed);
    }

    /// Null when nobody waits.
    std::shared_ptr<Activity> pop() {
      if (size() == 0) return nullptr;
      auto activity = std::move(first_);
      first_ = std::move(activity->next_);
      size_.store(size() - 1, std::memory_order_relaxed);
      return activity;
    }

   private:
    std::shared_ptr<Activity> first_;
    Activity* last_ = nullptr;          // no meaning while it is empty
    std::atomic<std::size_t> size_{0};  // read without the mutex by a thread that looks
  };

  struct Worker {
    std::thread thread;
    std::condition_variable called;
    pid_t id = 0;
    bool is_called = false;
    std::atomic<bool> in_turn{false};  // cleared without the mutex: to wait for that is no turn
    std::uint64_t turns = 0;           // begun
    // What the watcher saw.
    std::uint64_t seen_turns = 0;
    int seen_in_turn = 0;  // so many times in the same one
    bool is_held_up = false;
  };
  using Workers = std::list<Worker>;

  void enqueue(std::shared_ptr<Activity> activity) override {
    const std::scoped_lock lock(mutex_);
    line_.push(std::move(activity));
    if (looking_ && line_.size() == 1) return;
    if (call_one()) return;
    if (workers_.size() < usual_ && try_to_add_worker()) return;
    if (watching_) return;
    watching_ = true;
    next_look_ = std::chrono::steady_clock::now() + options_.patience;
    watcher_called_.notify_one();
  }

  void set_timer(Activity& activity, TimePoint due) override {
    const std::scoped_lock lock(mutex_);
    activity.due_ = due;
    // An earlier entry is put right when it comes up: most timers are moved on again and again.
    if (activity.timer_ <= due) return;
    timers_.erase({activity.timer_, &activity});
    activity.timer_ = due;
    const auto timer = timers_.emplace(due, &activity).first;
    if (timer == timers_.begin()) watcher_called_.notify_one();
  }

  void clear_timer(Activity& activity) override {
    const std::scoped_lock lock(mutex_);
    if (activity.timer_ != Activity::kNever) timers_.erase({activity.timer_, &activity});
    activity.timer_ = activity.due_ = Activity::kNever;
  }

  // Here and below the mutex is held, where nothing else is said.

  /// False: none sleeps. The last to fall asleep is called, so that the others may leave.
  bool call_one() {
    if (idle_.empty()) return false;
    Worker& worker = *idle_.back();
    idle_.pop_back();
    worker.is_called = true;
    worker.called.notify_one();
    return true;
  }

  void add_worker() {
    const auto worker = workers_.emplace(workers_.end());
    try {
      worker->thread = std::thread([self = shared_from_this(), worker] { self->work(worker); });
    } catch (...) {
      workers_.erase(worker);
      throw;
    }
  }

  /// False: no thread can be had. Then those that there are must do.
  bool try_to_add_worker() {
    try {
      add_worker();
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  /// What a thread for turns does. The mutex is not held.
  void work(Workers::iterator me) {
    std::unique_lock lock(mutex_);
    me->id = gettid();
    for (;;) {
      if (auto activity = line_.pop()) {
        run(*me, std::move(activity), lock);
      } else if (ending_) {
        return;
      } else if (!look(lock) && !sleep(*me, lock)) {
        return leave(me, lock);
      }
    }
  }

  void run(Worker& me, std::shared_ptr<Activity> activity, std::unique_lock<std::mutex>& lock) {
    ++me.turns;
    me.in_turn = true;
    lock.unlock();
    const bool again = activity->run();
    if (!again) activity.reset();  // the last reference may end the executor
    me.in_turn = false;
    lock.lock();
    if (again) line_.push(std::move(activity));
  }

  /// Waits for a moment, awake. True: there is something to do.
  bool look(std::unique_lock<std::mutex>& lock) {
    if (looking_) return false;
    looking_ = true;
    lock.unlock();
    for (int i = 0; i < kLooks && line_.size() == 0; ++i) relax_processor();
    lock.lock();
    looking_ = false;
    return line_.size() != 0;
  }

  /// False: it is one too many, and nobody has called it for long.
  bool sleep(Worker& me, std::unique_lock<std::mutex>& lock) {
    if (ending_) return true;
    me.is_called = false;
    idle_.push_back(&me);
    const auto is_called = [&me] { return me.is_called; };
    if (workers_.size() <= usual_) {
      me.called.wait(lock, is_called);
      return true;
    }
    if (me.called.wait_until(lock, deadline_after(options_.idle), is_called)) return true;
    std::erase(idle_, &me);
    return workers_.size() <= usual_;
  }

  /// Each thread that leaves joins those that left before.
  void leave(Workers::iterator me, std::unique_lock<std::mutex>& lock) {
    Workers before;
    before.swap(gone_);
    gone_.splice(gone_.end(), workers_, me);
    lock.unlock();
    for (Worker& worker : before) {
      if (worker.thread.joinable()) worker.thread.join();  // else `end` does it
    }
  }

  /// What the watcher's thread does. The mutex is not held.
  void watch() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      const auto now = std::chrono::steady_clock::now();
      if (fire_timers(now, lock)) continue;
      if (watching_ && now >= next_look_) {
        watching_ = relieve();
        next_look_ = now + options_.patience;
      }
      auto next = timers_.empty() ? Activity::kNever : timers_.begin()->first;
      if (watching_) next = std::min(next, next_look_);
      if (next == Activity::kNever) {
        watcher_called_.wait(lock);
      } else {
        watcher_called_.wait_until(lock, next);
      }
    }
  }

  /// Gives up the mutex meanwhile, and returns true, when there were any.
  bool fire_timers(TimePoint now, std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<Activity>> due;
    while (!timers_.empty() && timers_.begin()->first <= now) {
      Activity& activity = *timers_.begin()->second;
      timers_.erase(timers_.begin());
      activity.timer_ = Activity::kNever;
      if (activity.due_ > now) {
        activity.timer_ = activity.due_;
        timers_.emplace(activity.due_, &activity);
        continue;
      }
      activity.due_ = Activity::kNever;
      if (auto alive = activity.weak_from_this().lock()) due.push_back(std::move(alive));
    }
    if (due.empty()) return false;
    lock.unlock();
    for (const auto& activity : due) activity->wake();
    due.clear();  // the last reference may end the executor
    lock.lock();
    return true;
  }

  /// Sees to it that the usual number of threads is not held up, or as many as are, if that is
  /// more: so that 60 turns that block do not hold up others for long. False: no need to look
  /// again, until something waits with no thread free.
  bool relieve() {
    if (line_.size() == 0 || !idle_.empty()) return false;
    const auto held_up = static_cast<std::size_t>(
        std::ranges::count_if(workers_, [](Worker& worker) { return is_held_up(worker); }));
    const std::size_t most = std::max(options_.max_threads, usual_);
    const std::size_t wanted =
        std::min({std::max(usual_, held_up) + held_up, workers_.size() + line_.size(), most});
    while (workers_.size() < wanted && try_to_add_worker()) {
    }
    return true;
  }

  static bool is_held_up(Worker& worker) {
    if (!worker.in_turn || worker.seen_turns != worker.turns) {
      worker.seen_turns = worker.turns;
      worker.seen_in_turn = 0;
      worker.is_held_up = false;
    } else if (!worker.is_held_up) {
      // A turn may end meanwhile, and its thread then sleep for the mutex.
      worker.is_held_up =
          (++worker.seen_in_turn >= kLongTurn || !is_runnable(worker.id)) && worker.in_turn;
    }
    return worker.is_held_up;
  }

  const ExecutorOptions options_;
  const std::size_t usual_;  // threads that stay

  mutable std::mutex mutex_;  // guards all below, and what activities keep for the executor
  Line line_;
  std::vector<Worker*> idle_;
  bool looking_ = false;  // one thread waits awake
  bool ending_ = false;

  std::set<std::pair<TimePoint, Activity*>> timers_;
  bool watching_ = false;  // something may wait for a thread that is held up
  TimePoint next_look_{};
  std::condition_variable watcher_called_;

  Workers workers_;
  Workers gone_;
  std::thread watcher_;
};

Result<std::shared_ptr<Executor>> Executor::make(const ExecutorOptions& options) {
  auto threads = std::make_shared<Threads>(options);
  try {
    threads->begin();
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable,
                concat("no thread can be had to run subscriptions: ", error.what()));
  }
  Executor* const executor = threads.get();
  return std::shared_ptr<Executor>(executor,
                                   [threads = std::move(threads)](Executor*) { threads->end(); });
}

Activity::Activity(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}

Activity::~Activity() { executor_->clear_timer(*this); }

void Activity::wake_after(std::chrono::milliseconds delay) {
  executor_->set_timer(*this, deadline_after(delay));
}

void Activity::stop() {
  std::uint32_t state = state_.fetch_or(kStopped) | kStopped;
  executor_->clear_timer(*this);
  if (in_turn()) return;
  for (; (state & kRunning) != 0; state = state_.load()) state_.wait(state);
}

bool Activity::in_turn() const { return current == this; }

bool Activity::run() {
  std::uint32_t state = kWoken;
  if (!state_.compare_exchange_strong(state, kRunning)) return false;  // it is stopped
  current = this;
  const bool more = turn();
  current = nullptr;
  std::uint32_t next = kAsleep;
  state = state_.load();
  do {
    next = (state & kStopped) != 0 ? kStopped : more ? kWoken : state & kWoken;
  } while (!state_.compare_exchange_weak(state, next));
  if ((state & kStopped) != 0) state_.notify_all();
  return next == kWoken;
}

}  // namespace aether
