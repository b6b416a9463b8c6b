// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"
#include "projection/feeder.hpp"
#include "projection/intake.hpp"
#include "projection/orders.hpp"
#include "projection/rebuild_thread.hpp"
#include "projection/start_checks.hpp"
#include "projection/timer.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace aether {

namespace {

using std::chrono::milliseconds;

// A subscription does not tell when it passes over events, or ends: it is looked at, more often
// while somebody waits for a position.
constexpr milliseconds kLongestIdle{200};
constexpr milliseconds kIdleWhileAwaited{2};
constexpr milliseconds kLookAtClock{1};  // at one that a test turns

Error stopped_error() { return {.code = Errc::closed, .message = "the projector was stopped"}; }

class RunningProjector final : public Projector, private FeedObserver {
 public:
  RunningProjector(EventStore& store, ReadModel& model, Projection projection,
                   const ProjectorOptions& options)
      : store_(store),
        model_(model),
        projection_(std::move(projection)),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock()),
        intake_(store, projection_, options_.capacity),
        feeder_(model, projection_, options_, clock_, *this),
        rebuild_(store, model, projection_, options_,
                 [this](LogLevel level, const std::string& what) { say(level, what); }) {}

  ~RunningProjector() override { RunningProjector::stop(); }
  RunningProjector(const RunningProjector&) = delete;
  RunningProjector& operator=(const RunningProjector&) = delete;

  [[nodiscard]] Result<void> start() {
    if (auto loaded = feeder_.load(); !loaded) return loaded;
    const auto warn = [this](const std::string& what) { say(LogLevel::warning, what); };
    auto ok = check_history(store_, projection_, feeder_.state().checkpoint, warn);
    if (!ok) return ok;
    if (auto begun = intake_.begin(feeder_.state().checkpoint.position); !begun) return begun;
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      intake_.end();
      return fail(Errc::unavailable,
                  concat("no thread can be had for a projector: ", error.what()));
    }
    return {};
  }

  void stop() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      intake_.close();
    }
    changed_.notify_all();
    const std::scoped_lock lock(joining_);
    if (thread_.joinable()) thread_.join();
    rebuild_.stop();
  }

  [[nodiscard]] ProjectorStatus status() const override {
    const std::scoped_lock lock(mutex_);
    ProjectorStatus status = status_;
    status.queued = intake_.size();
    status.rebuild = rebuild_.progress();
    status.rebuild_error = rebuild_.error();
    return status;
  }

  [[nodiscard]] Result<void> wait_until(Position position, milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    ++waiting_;
    intake_.wake();
    const auto reached = [&] { return status_.position >= position; };
    const auto is_over = [this] { return ended_ || stopping_; };
    changed_.wait_until(lock, deadline_after(timeout), [&] { return reached() || is_over(); });
    --waiting_;
    if (reached()) return {};
    if (is_over()) return std::unexpected(why_over());
    return fail(Errc::unavailable,
                concat("the projection ", quoted(projection_.name), " has reached position ",
                       status_.position, " and not yet ", position, " after ", timeout.count(),
                       " ms: wait longer, or answer without it"));
  }

  [[nodiscard]] Result<Lag> lag(std::size_t cap) override {
    return measure_lag(store_, projection_, status().position, cap, clock_);
  }

  [[nodiscard]] Result<std::vector<ParkedEvent>> parked() override {
    const std::scoped_lock lock(mutex_);
    if (ended_ || stopping_) return std::unexpected(why_over());
    return parked_;
  }

  [[nodiscard]] Result<void> retry(std::string_view actor_id) override {
    return order([this, actor = std::string(actor_id)] { return feeder_.retry(store_, actor); });
  }

  [[nodiscard]] Result<void> drop(Position position) override {
    return order([this, position] { return feeder_.drop(position); });
  }

 private:
  // --- FeedObserver, on the projector's thread

  void loaded(const ProjectionState& state) override {
    {
      const std::scoped_lock lock(mutex_);
      status_.position = state.checkpoint.position;
    }
    applied(state, 0);
  }

  void applied(const ProjectionState& state, std::size_t events) override {
    {
      const std::scoped_lock lock(mutex_);
      if (!is_pausing_) {
        status_.state = ProjectorStatus::State::running;
        status_.error.reset();
      }
      status_.position = std::max(status_.position, state.checkpoint.position);
      status_.applied += events;
      if (events > 0) ++status_.batches;
    }
    changed_.notify_all();
  }

  void parked(const std::vector<ParkedEvent>& events) override {
    const std::scoped_lock lock(mutex_);
    parked_ = events;
    status_.parked = events.size();
  }

  [[nodiscard]] Result<void> pause(const Error& error, milliseconds time) override {
    begin_pause(error);
    is_pausing_ = true;
    const auto until = timer_.now() + time;
    Result<void> attended;
    do {
      attended = attend();
    } while (attended && wait(until, true));
    is_pausing_ = false;
    return attended && is_stopping() ? std::unexpected(stopped_error()) : attended;
  }

  void say(LogLevel level, const std::string& message) override {
    if (options_.log) {
      options_.log(level,
                   concat("the projection ", quoted(projection_key(projection_)), ": ", message));
    }
  }

  // --- the thread

  void run() {
    auto ended = work();
    intake_.end();
    const bool failed = !ended && !is_stopping();
    if (failed) say(LogLevel::error, concat("ended: ", ended.error().message));
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      status_.state = failed ? ProjectorStatus::State::failed : ProjectorStatus::State::stopped;
      status_.error.reset();
      if (failed) status_.error = std::move(ended.error());
    }
    changed_.notify_all();
    orders_.refuse_for_good(end_reason());
  }

  [[nodiscard]] Result<void> work() {
    while (!is_stopping()) {
      auto done = turn();
      if (done) continue;
      if (!is_conflict(done)) return done;
      // Somebody else moved the checkpoint: the model was rebuilt, or a second projector is at it.
      say(LogLevel::info, concat("begins from its checkpoint again: ", done.error().message));
      while (true) {
        rest(done.error());
        if (is_stopping()) return {};
        done = begin_again();
        if (done) break;
        if (done.error().code != Errc::unavailable) return done;
        orders_.refuse(done.error());
      }
    }
    return {};
  }

  [[nodiscard]] Result<void> turn() {
    if (auto attended = attend(); !attended) return attended;
    const auto events = intake_.take(options_.batch, is_awaited() ? kIdleWhileAwaited : idle_);
    if (is_stopping()) return {};
    return events.empty() ? idle() : feeder_.feed(events);
  }

  /// To what others ask for: between steps, and between the attempts at one.
  [[nodiscard]] Result<void> attend() {
    auto obeyed = orders_.obey();
    return obeyed ? answer_requests() : obeyed;
  }

  /// Until then, for a while, or until there is an order where those matter. False: that was all,
  /// or it is to stop.
  [[nodiscard]] bool wait(std::chrono::nanoseconds until, bool orders_matter) {
    std::unique_lock lock(mutex_);
    const auto now = timer_.now();
    if (stopping_ || now >= until) return false;
    const auto most = timer_.is_turned() ? std::chrono::nanoseconds(kLookAtClock)
                                         : std::min<std::chrono::nanoseconds>(until - now, idle_);
    changed_.wait_for(lock, most, [&] { return stopping_ || (orders_matter && !orders_.empty()); });
    return !stopping_;
  }

  void begin_pause(const Error& error) {
    if (status().state == ProjectorStatus::State::running) {
      say(LogLevel::warning, concat("tries again after: ", error.message));
    }
    const std::scoped_lock lock(mutex_);
    status_.state = ProjectorStatus::State::retrying;
    status_.error = error;
    ++status_.retries;
  }

  /// A pause in which nothing can be attended to: what the model holds is not known.
  void rest(const Error& error) {
    begin_pause(error);
    const auto until = timer_.now() + options_.first_retry;
    while (wait(until, false)) {
    }
  }

  [[nodiscard]] Result<void> idle() {
    const auto status = intake_.status();
    // What came until then is in the queue: if that is empty, it is all done. (Not while it stops:
    // a closed queue lets events go that the subscription counts.)
    if (is_stopping() || intake_.size() > 0) return {};
    if (!status.active) {
      return std::unexpected(
          status.error.value_or(Error{.code = Errc::closed, .message = "the subscription ended"}));
    }
    if (status.position <= feeder_.state().checkpoint.position) return {};
    if (is_time_to_save_) {
      is_time_to_save_ = false;
      auto passed = feeder_.pass(status.position);
      if (passed || passed.error().code != Errc::unavailable) return passed;
    }
    {
      const std::scoped_lock lock(mutex_);
      status_.position = std::max(status_.position, status.position);
    }
    changed_.notify_all();
    return {};
  }

  /// Requests are looked for now and then; and as often may a checkpoint be saved that only passed
  /// over events.
  [[nodiscard]] Result<void> answer_requests() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return {};
    next_look_ = now + options_.look_interval;
    is_time_to_save_ = true;
    auto requests = model_.requests(projection_);
    if (!requests) {
      complain(concat("cannot look for requests: ", requests.error().message));
      return {};
    }
    // Drops first: what is to go must not be applied by a retry of its actor.
    for (const Position position : requests->drop) {
      auto dropped = feeder_.drop(position);
      if (is_conflict(dropped)) return dropped;
      if (!dropped) complain(dropped.error().message);
    }
    for (const std::string& actor : requests->retry) {
      auto retried = feeder_.retry(store_, actor);
      if (is_conflict(retried)) return retried;
      if (!retried) complain(concat("retried: ", retried.error().message));
    }
    if (requests->rebuild) rebuild_.start(requests->handle_dropped);
    return {};
  }

  /// Not again and again of what is looked at again and again.
  void complain(const std::string& message) {
    if (std::exchange(complaint_, message) != message) say(LogLevel::warning, message);
  }

  [[nodiscard]] Result<void> order(std::function<Result<void>()> work) {
    auto done = orders_.give(std::move(work));
    intake_.wake();
    {
      const std::scoped_lock lock(mutex_);  // whoever pauses has seen it, or waits already
    }
    changed_.notify_all();
    return done.get();
  }

  [[nodiscard]] Result<void> begin_again() {
    intake_.end();
    auto loaded = feeder_.load();
    return loaded ? intake_.begin(feeder_.state().checkpoint.position) : loaded;
  }

  [[nodiscard]] bool is_stopping() const {
    const std::scoped_lock lock(mutex_);
    return stopping_;
  }
  [[nodiscard]] bool is_awaited() const {
    const std::scoped_lock lock(mutex_);
    return waiting_ > 0;
  }
  [[nodiscard]] Error end_reason() const {
    const std::scoped_lock lock(mutex_);
    return why_over();
  }
  /// With the mutex held. What it waits out while it is stopped is no reason.
  [[nodiscard]] Error why_over() const {
    return ended_ ? status_.error.value_or(stopped_error()) : stopped_error();
  }

  EventStore& store_;
  ReadModel& model_;
  const Projection projection_;
  const ProjectorOptions options_;
  const Clock& clock_;
  const Timer timer_{options_.clock};
  const milliseconds idle_ = std::clamp(options_.look_interval, milliseconds{1}, kLongestIdle);

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  ProjectorStatus status_;
  std::vector<ParkedEvent> parked_;
  int waiting_ = 0;
  bool stopping_ = false;
  bool ended_ = false;

  Orders orders_;
  Intake intake_;

  // Of the thread alone.
  Feeder feeder_;
  std::chrono::steady_clock::time_point next_look_{};
  std::string complaint_;
  bool is_time_to_save_ = false;
  bool is_pausing_ = false;  // between two attempts at a step

  RebuildThread rebuild_;  // of the thread alone, but for `progress` and `stop`

  std::mutex joining_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Projector>> start_projector(EventStore& store, ReadModel& model,
                                                   const Projection& projection,
                                                   const ProjectorOptions& options) {
  if (auto ok = check_projection(projection); !ok) return std::unexpected(std::move(ok.error()));
  if (auto ok = check_options(options); !ok) return std::unexpected(std::move(ok.error()));
  auto projector = std::make_unique<RunningProjector>(store, model, projection, options);
  if (auto started = projector->start(); !started) {
    return std::unexpected(std::move(started.error()));
  }
  return projector;
}

}  // namespace aether
