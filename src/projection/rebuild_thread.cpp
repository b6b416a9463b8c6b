// SPDX-License-Identifier: Apache-2.0
#include "projection/rebuild_thread.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace aether {

RebuildThread::RebuildThread(EventStore& store, ReadModel& model, const Projection& projection,
                             const ProjectorOptions& options, Say say)
    : store_(store),
      model_(model),
      rebuildable_(dynamic_cast<Rebuildable*>(&model)),
      projection_(projection),
      options_(options),
      say_(std::move(say)),
      wait_(options.first_retry) {}

void RebuildThread::start(bool handle_dropped) {
  if (running_ || std::chrono::steady_clock::now() < next_try_) return;
  if (thread_.joinable()) thread_.join();  // of an earlier one, which has ended
  if (rebuildable_ == nullptr) {
    if (std::exchange(has_refused_, true)) return;
    return say_(LogLevel::error, "was asked for a rebuild, and the read model cannot be rebuilt");
  }
  running_ = true;
  try {
    thread_ = std::jthread([this, handle_dropped](const std::stop_token& stop) {
      run(handle_dropped, stop);
      const std::scoped_lock lock(mutex_);
      progress_.reset();
      running_ = false;
    });
  } catch (const std::system_error& error) {
    running_ = false;
    say_(LogLevel::warning, concat("no thread can be had for a rebuild: ", error.what()));
  }
}

void RebuildThread::run(bool handle_dropped, const std::stop_token& stop) {
  RebuildOptions options{.handle_dropped = handle_dropped,
                         .progress =
                             [this](const RebuildProgress& progress) {
                               const std::scoped_lock lock(mutex_);
                               progress_ = progress;
                             },
                         .stop = stop};
  options.projector.max_attempts = options_.max_attempts;
  options.projector.first_retry = options_.first_retry;
  options.projector.last_retry = options_.last_retry;
  options.projector.max_parked = options_.max_parked;
  options.projector.clock = options_.clock;
  options.projector.log = options_.log;
  const auto done = rebuild(store_, *rebuildable_, options);
  if (!done && !stop.stop_requested()) return failed(done.error());
  if (!done) return;
  say_(LogLevel::info, concat("rebuilt the read model from ", done->events, " events"));
  wait_ = options_.first_retry;
  const std::scoped_lock lock(mutex_);
  error_.reset();
}

void RebuildThread::failed(const Error& error) {
  const auto requests = model_.requests(projection_);
  if (requests && !requests->rebuild) return;  // another one is at it, or has done it
  const bool may_pass = error.code == Errc::unavailable || error.code == Errc::outcome_unknown;
  const auto over = rebuildable_->rebuild_failed(error, may_pass ? options_.max_attempts : 1);
  if (!over) {
    say_(LogLevel::warning, concat("cannot keep that a rebuild failed: ", over.error().message));
  }
  const bool is_over = over && *over;
  say_(is_over ? LogLevel::error : LogLevel::warning,
       concat("could not rebuild the read model",
              is_over ? ": " : ", and tries again: ", error.message));
  next_try_ = std::chrono::steady_clock::now() + wait_;
  wait_ = is_over ? options_.first_retry : std::min(wait_ * 2, options_.last_retry);
  const std::scoped_lock lock(mutex_);
  error_ = error;
}

void RebuildThread::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::optional<RebuildProgress> RebuildThread::progress() const {
  const std::scoped_lock lock(mutex_);
  return progress_;
}

std::optional<Error> RebuildThread::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

}  // namespace aether
