// SPDX-License-Identifier: Apache-2.0
#include "projection/rebuild_thread.hpp"

#include "core/text.hpp"

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
      say_(std::move(say)) {}

void RebuildThread::start(bool handle_dropped) {
  if (running_) return;
  if (thread_.joinable()) thread_.join();  // of an earlier one, which has ended
  if (rebuildable_ == nullptr) {
    say_(LogLevel::error, "was asked for a rebuild, and the read model cannot be rebuilt");
    return answer();
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
  if (done) {
    return say_(LogLevel::info, concat("rebuilt the read model from ", done->events, " events"));
  }
  const Error& error = done.error();
  if (stop.stop_requested()) return;
  if (error.code == Errc::unavailable) return;  // another one is at it, or it is tried again
  say_(LogLevel::error, concat("could not rebuild the read model: ", error.message));
  answer();
}

void RebuildThread::answer() {
  if (auto told = model_.answered(projection_, {.rebuild = true}); !told) {
    say_(LogLevel::warning, concat("cannot answer requests: ", told.error().message));
  }
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

}  // namespace aether
