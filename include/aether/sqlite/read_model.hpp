// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/time.hpp"
#include "aether/projection/rebuild.hpp"
#include "aether/sqlite/transaction.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aether::sqlite {

/// Brings one event into the tables of a read model. An error, or what it throws, is the event's;
/// `unavailable` is tried again for as long as it takes. Called by one thread at a time. What it
/// has to remember belongs into the database: after an error, all of the step is undone there.
using ModelHandler = std::function<Result<void>(Transaction&, const EventPtr&)>;

struct ReadModelOptions {
  /// The name and version of what `create` makes and the handlers write: "orders/1". A change of
  /// either needs a new one.
  std::string schema{};
  std::string create{};  ///< SQL that makes the tables, indexes and views in an empty database
  std::map<std::string, ModelHandler, std::less<>> handlers{};  ///< by the projection's name

  /// Open a model of another schema, too. Then it can be read, and nothing can be projected into it
  /// until `rebuild` has brought it to this one.
  bool accept_outdated = false;

  const Clock* clock = nullptr;  ///< must outlive the model; null: the system's
  LogSink log{};
};

/// A read model in an SQLite database of its own: what an event changes in it and the checkpoint
/// are kept in one transaction, so that each event takes effect exactly once, through any crash.
///
/// Any number of projections and partitions may feed it, of one process; any number of processes
/// may read it meanwhile, with any program, and see what whole transactions left. (WAL mode. After
/// a power cut the last of them may be missing; they are applied again.)
///
/// Beside the tables of `create` there are:
///
///     aether_model        one row: schema, sql, rebuild, rebuild_tries, rebuild_error,
///                         origin
///     aether_projections  one row a projection and partition: key, name, partition, partitions,
///                         filter, position, event_position, event_id, revision, updated_at
///     aether_parked       one row a parked event: projection (a key), position, actor_id, version,
///                         event_id, event_type, error, attempts, parked_at, request
///     aether_dropped      one row an event that was given up: name (of the projection), event_id,
///                         position, actor_id, version, event_type, error, dropped_at
///
/// Times are nanoseconds since 1970. docs/projections.md says more.
///
/// `rebuild` makes the whole database anew, all projections in it, in "<file>.rebuild" beside it;
/// at the end that is copied over the live one in one transaction, and removed. Both call the same
/// handlers, still one at a time.
class ReadModel : public Rebuildable {
 public:
  [[nodiscard]] virtual const std::string& path() const = 0;
  /// It has another schema: see `ReadModelOptions::accept_outdated`.
  [[nodiscard]] virtual bool is_outdated() = 0;
};

/// Opens the read model at `path`, a local file, or makes one.
///
/// Errors: `invalid_argument` (it has another schema: it must be rebuilt, or another file chosen;
/// what `create` says is no SQL; some other program's database), `unavailable` (another process has
/// it open for writing), `not_found` (no such folder), `permission_denied`, `unsupported` (written
/// by a newer version), `corrupt`.
[[nodiscard]] Result<std::unique_ptr<ReadModel>> open_read_model(const std::string& path,
                                                                 const ReadModelOptions& options);

/// A projection as it stands in a read model.
struct ModelProjection {
  std::string key{};  ///< `projection_key`
  Projection projection{};
  Checkpoint checkpoint{};
  std::uint64_t parked = 0;
  std::uint64_t dropped = 0;  ///< in all partitions of the projection
  Timestamp updated_at{};     ///< when the checkpoint last moved
};

/// A read model as a whole.
struct ModelInfo {
  std::string schema{};
  std::string origin{};         ///< another one after each rebuild
  bool rebuild = false;         ///< one was asked for, and has not ended yet
  std::string rebuild_error{};  ///< why the last try at it failed; "": it did not
};

// For those who look into a model that another process may be feeding. Errors: `not_found`,
// `invalid_argument` (no read model), `permission_denied`, `unavailable`, `corrupt`.

[[nodiscard]] Result<ModelInfo> describe_model(const std::string& path);

/// In the order of their keys.
[[nodiscard]] Result<std::vector<ModelProjection>> list_projections(const std::string& path);

/// In the order of positions. `not_found`, too: there is no such projection.
[[nodiscard]] Result<std::vector<ParkedEvent>> list_parked(const std::string& path,
                                                           std::string_view key);

/// Asks the projector that feeds the model to do something; it looks for requests every
/// `ProjectorOptions::look_interval`. `not_found`: no such projection, or nothing such is parked.
/// A rebuild that was asked for has ended when `ModelInfo::rebuild` is false, and has succeeded
/// when `ModelInfo::origin` is another one, or else `ModelInfo::rebuild_error` says why not;
/// meanwhile "<path>.rebuild" tells how far it is.
[[nodiscard]] Result<void> request_of_projector(const std::string& path, std::string_view key,
                                                const ProjectionRequests& requests);

}  // namespace aether::sqlite
