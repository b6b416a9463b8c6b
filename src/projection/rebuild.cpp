// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/rebuild.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace aether {

namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kSlice{100};  // between two looks at who wants it to stop
constexpr milliseconds kClose{200};  // caught up within this, the old one can be held up for it
constexpr int kMostRounds = 10;      // then it is held up all the same: or it might run for ever

Error stopped() {
  return {.code = Errc::closed, .message = "the rebuild was stopped; another goes on with it"};
}

Position furthest(const std::vector<KeptProjection>& kept) {
  Position position = 0;
  for (const KeptProjection& one : kept) {
    position = std::max(position, one.state.checkpoint.position);
  }
  return position;
}

/// Whether what the event did is seen in the old model.
bool has_applied(const std::vector<KeptProjection>& old, const std::string& projection,
                 const ParkedEvent& event) {
  return std::ranges::any_of(old, [&](const KeptProjection& one) {
    const ProjectionState& state = one.state;
    return one.projection.name == projection && one.projection.partition.contains(event.actor_id) &&
           one.projection.filter.matches(
               {.event_type = event.event_type, .actor_id = event.actor_id}) &&
           event.position <= state.checkpoint.position && !state.dropped.contains(event.event_id) &&
           std::ranges::count(state.parked, event.position, &ParkedEvent::position) == 0;
  });
}

class Rebuild {
 public:
  Rebuild(EventStore& store, Rebuildable& model, const RebuildOptions& options)
      : store_(store), model_(model), options_(options) {}

  [[nodiscard]] Result<RebuildReport> run() {
    if (auto begun = begin(); !begun) return std::unexpected(std::move(begun.error()));
    if (auto near = come_near(); !near) return std::unexpected(std::move(near.error()));
    auto taken = model_.take_over(*twin_, [this](const auto& reached) { return finish(reached); });
    if (!taken) return std::unexpected(std::move(taken.error()));
    twin_.reset();
    if (auto removed = model_.remove_twin(); !removed && options_.projector.log) {
      options_.projector.log(LogLevel::warning, removed.error().message);
    }
    return report_;
  }

 private:
  [[nodiscard]] Result<void> begin() {
    const auto kept = model_.kept();
    if (!kept) return std::unexpected(kept.error());
    target_ = furthest(*kept);
    std::vector<Projection> projections = options_.projections;
    for (const Projection& one : projections) given_.insert(one.name);
    for (const KeptProjection& one : *kept) {
      if (given_.empty()) projections.push_back(one.projection);
      known_.insert(projection_key(one.projection));
    }
    if (projections.empty()) {
      return fail(Errc::invalid_argument,
                  "the read model keeps no projection yet: there is nothing to rebuild, unless "
                  "projections are given");
    }
    auto started = start(projections, options_.anew);
    if (started || options_.anew || started.error().code != Errc::invalid_argument) return started;
    // What was left is of other projections, or of another store.
    projectors_.clear();
    twin_.reset();
    return start(projections, true);
  }

  [[nodiscard]] Result<void> start(const std::vector<Projection>& projections, bool anew) {
    auto twin = model_.make_twin({.anew = anew, .handle_dropped = options_.handle_dropped});
    if (!twin) return std::unexpected(std::move(twin.error()));
    twin_ = std::move(*twin);
    if (auto ok = check_left(projections); !ok) return ok;
    for (const Projection& one : projections) {
      if (auto ok = start_one(one); !ok) return ok;
    }
    return {};
  }

  /// `invalid_argument`: an interrupted rebuild has left what nobody would feed any more.
  [[nodiscard]] Result<void> check_left(const std::vector<Projection>& projections) const {
    const auto left = twin_->kept();
    if (!left) return std::unexpected(left.error());
    for (const KeptProjection& one : *left) {
      if (std::ranges::find(projections, projection_key(one.projection), projection_key) ==
          projections.end()) {
        return fail(Errc::invalid_argument,
                    concat("an interrupted rebuild has left the projection ",
                           quoted(projection_key(one.projection))));
      }
    }
    return {};
  }

  [[nodiscard]] Result<void> start_one(const Projection& projection) {
    auto started = start_projector(store_, *twin_, projection, options_.projector);
    if (!started) return std::unexpected(std::move(started.error()));
    projectors_.push_back(std::move(*started));
    return retry_parked(*projectors_.back());
  }

  /// What the old model has come to keep since the rebuild began.
  [[nodiscard]] Result<void> start_new_ones(const std::vector<KeptProjection>& kept) {
    for (const KeptProjection& one : kept) {
      if (given_.contains(one.projection.name)) continue;
      if (!known_.insert(projection_key(one.projection)).second) continue;
      if (auto started = start_one(one.projection); !started) return started;
    }
    return {};
  }

  /// What an interrupted rebuild had parked may succeed by now.
  [[nodiscard]] static Result<void> retry_parked(Projector& projector) {
    const auto parked = projector.parked();
    if (!parked) return std::unexpected(parked.error());
    std::set<std::string> actors;
    for (const ParkedEvent& one : *parked) actors.insert(one.actor_id);
    for (const std::string& actor : actors) {
      static_cast<void>(projector.retry(actor));  // else it stays parked
    }
    return {};
  }

  /// Until what the old one does meanwhile is soon done here, too.
  [[nodiscard]] Result<void> come_near() {
    for (int round = 0; round < kMostRounds; ++round) {
      const auto begun = Steady::now();
      if (auto reached = reach(target_); !reached) return reached;
      const auto kept = model_.kept();
      if (!kept) return std::unexpected(kept.error());
      target_ = furthest(*kept);
      if (auto started = start_new_ones(*kept); !started) return started;
      if (Steady::now() - begun < kClose) break;
    }
    return {};
  }

  /// Or the store's end, where that comes before: the store may be a restored backup.
  [[nodiscard]] Result<void> reach(Position position) {
    for (const auto& projector : projectors_) {
      while (true) {
        tell();
        if (options_.stop.stop_requested()) return std::unexpected(stopped());
        if (hold_until_ && Steady::now() > *hold_until_) {
          return fail(Errc::unavailable,
                      concat("the new model was not brought to position ", position, " within ",
                             options_.longest_hold.count(),
                             " ms, for which the old one's projectors were held up: rebuild again, "
                             "which goes on with it"));
        }
        const auto reached = projector->wait_until(position, kSlice);
        if (reached) break;
        if (reached.error().code != Errc::unavailable) return reached;
        const auto lag = projector->lag(1);
        if (!lag) return std::unexpected(lag.error());
        if (lag->events == 0) break;
      }
    }
    return {};
  }

  /// While the old one is held up.
  [[nodiscard]] Result<void> finish(const std::vector<KeptProjection>& old) {
    target_ = furthest(old);
    hold_until_ = Steady::now() + options_.longest_hold;
    if (auto started = start_new_ones(old); !started) return started;
    if (auto reached = reach(target_); !reached) return reached;
    last_told_ = {};
    tell();
    report_.events = told_.events;
    projectors_.clear();
    const auto made = twin_->kept();
    if (!made) return std::unexpected(made.error());
    for (const KeptProjection& one : *made) {
      if (auto ok = check_parked(one, old); !ok) return ok;
      report_.parked += one.state.parked.size();
    }
    return {};
  }

  [[nodiscard]] Result<void> check_parked(const KeptProjection& made,
                                          const std::vector<KeptProjection>& old) const {
    if (options_.allow_parked) return {};
    const std::vector<ParkedEvent>& parked = made.state.parked;
    const auto one = std::ranges::find_if(parked, [&](const ParkedEvent& event) {
      return has_applied(old, made.projection.name, event);
    });
    if (one == parked.end()) return {};
    return fail(Errc::invalid_argument,
                concat("the new model has ", parked.size(), " events of the projection ",
                       quoted(made.projection.name),
                       " parked, and among them one that the old model has applied: ",
                       quoted(one->event_type), " of ", quoted(one->actor_id), " at position ",
                       one->position, " (", one->error.empty() ? "behind another" : one->error,
                       "). The old model stays. Mend the handler and rebuild again, or allow "
                       "parked events"));
  }

  void tell() {
    const auto now = Steady::now();
    if (last_told_ && now - *last_told_ < options_.progress_interval) return;
    last_told_ = now;
    told_ = {.position = ~Position{0}, .target = target_};
    for (const auto& projector : projectors_) {
      const ProjectorStatus status = projector->status();
      told_.events += status.applied;
      if (status.state == ProjectorStatus::State::retrying) told_.retrying = status.error;
      told_.position = std::min(told_.position, status.position);
    }
    if (options_.progress) options_.progress(told_);
  }

  EventStore& store_;
  Rebuildable& model_;
  const RebuildOptions& options_;
  std::set<std::string> given_;  // names of the projections that are given
  std::set<std::string> known_;  // keys of those that the old model kept, so far
  Position target_ = 0;
  RebuildReport report_;
  RebuildProgress told_;
  std::optional<Steady::time_point> last_told_;
  std::optional<Steady::time_point> hold_until_;  // set while the old one is held up
  std::unique_ptr<Rebuildable> twin_;
  std::vector<std::unique_ptr<Projector>> projectors_;  // go before the twin that they feed
};

}  // namespace

Result<RebuildReport> rebuild(EventStore& store, Rebuildable& model,
                              const RebuildOptions& options) {
  return Rebuild(store, model, options).run();
}

}  // namespace aether
