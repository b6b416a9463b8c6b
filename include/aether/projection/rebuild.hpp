// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/projector.hpp"
#include "aether/projection/read_model.hpp"
#include "aether/store/event_store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace aether {

/// A projection that a read model keeps, and how far it is.
struct KeptProjection {
  Projection projection{};
  ProjectionState state{};
};

/// A read model that can be made anew beside itself, while it is fed and read, and then take over
/// what was made. Its members may be called from any thread; `rebuild` calls them.
class Rebuildable : public ReadModel {
 public:
  [[nodiscard]] virtual Result<std::vector<KeptProjection>> kept() = 0;

  struct TwinOptions {
    bool anew = false;            ///< an empty one in any case
    bool handle_dropped = false;  ///< one that knows of no dropped events
  };
  /// An empty twin, or what an interrupted rebuild left of one that is of use; it knows what was
  /// dropped here. It must not outlive this. `unavailable`: there is one already.
  [[nodiscard]] virtual Result<std::unique_ptr<Rebuildable>> make_twin(TwinOptions options) = 0;

  /// Holds up every step of the projectors, lets `catch_up` bring the twin to where they stand,
  /// and takes over all that is in the twin, in one transaction. An error leaves all as it was.
  /// `catch_up` is called without locks; `load` and `apply` say `unavailable` meanwhile, soon.
  using CatchUp = std::function<Result<void>(const std::vector<KeptProjection>& reached)>;
  [[nodiscard]] virtual Result<void> take_over(Rebuildable& twin, const CatchUp& catch_up) = 0;

  /// Removes what is left of the twin, once it is destroyed.
  [[nodiscard]] virtual Result<void> remove_twin() = 0;

  /// Keeps why a rebuild that was asked for (`requests`) has failed, for all to see. True: it was
  /// the last of `most` tries, and is asked for no longer.
  [[nodiscard]] virtual Result<bool> rebuild_failed(const Error& error, unsigned most) = 0;
};

struct RebuildOptions {
  /// What the new model shall keep; none: what the old one keeps. What the old one comes to keep
  /// meanwhile, of another name, it keeps too.
  std::vector<Projection> projections{};

  /// Forget what an interrupted rebuild left. Without it that is gone on with; so a handler that
  /// was changed needs this, or a new name of the schema.
  bool anew = false;

  /// Forget what was dropped, and handle these events again. Without it they are passed over.
  bool handle_dropped = false;

  /// Take over a new model although it has events parked that the old one has not.
  bool allow_parked = false;

  /// For so long the old model's projectors are held up at the end; mostly it takes milliseconds.
  std::chrono::milliseconds longest_hold{10'000};

  ProjectorOptions projector{.batch = 5'000, .capacity = 20'000};

  std::chrono::milliseconds progress_interval{500};
  std::function<void(const RebuildProgress&)> progress{};  ///< on the caller's thread
  std::stop_token stop{};  ///< ends it with `closed`; what was done is gone on with by the next
};

struct RebuildReport {
  std::uint64_t events = 0;  ///< handled; of one that was gone on with, since then
  std::uint64_t parked = 0;  ///< in the new model
};

/// Makes the read model anew from the store's first event on, and puts it in the old one's place.
/// The old one is fed and read meanwhile; at the end its projectors wait for a moment, and readers
/// see the old model or the new one, never a mix. A crash at any moment leaves the old model or the
/// new one, and in the first case what another call goes on with.
///
/// Errors: `unavailable` (it is being rebuilt already; or it could not catch up within
/// `longest_hold`: call it again), `invalid_argument` (nothing is kept and no
/// projection given; events are parked, see `allow_parked`), `closed` (by `stop`), and what ends a
/// projector.
[[nodiscard]] Result<RebuildReport> rebuild(EventStore& store, Rebuildable& model,
                                            const RebuildOptions& options = {});

}  // namespace aether
