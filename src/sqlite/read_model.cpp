// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/read_model.hpp"

#include "core/text.hpp"
#include "projection/handled.hpp"
#include "sqlite/files.hpp"
#include "sqlite/model_drops.hpp"
#include "sqlite/model_parts.hpp"
#include "sqlite/model_schema.hpp"
#include "sqlite/model_transaction.hpp"
#include "sqlite/model_twin.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace aether::sqlite {

namespace {

/// What the model and its twin share.
struct Shared {
  std::mutex handling;  // one handler at a time
  std::atomic<bool> has_twin{false};
};

/// The right to be the one twin of a model; given up when it is destroyed.
class TwinClaim {
 public:
  /// Null: another has it.
  [[nodiscard]] static std::unique_ptr<TwinClaim> make(std::shared_ptr<Shared> shared) {
    if (shared->has_twin.exchange(true)) return nullptr;
    return std::unique_ptr<TwinClaim>(new TwinClaim(std::move(shared)));
  }
  ~TwinClaim() { shared_->has_twin = false; }
  TwinClaim(const TwinClaim&) = delete;
  TwinClaim& operator=(const TwinClaim&) = delete;

  [[nodiscard]] const std::shared_ptr<Shared>& shared() const { return shared_; }

 private:
  explicit TwinClaim(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  const std::shared_ptr<Shared> shared_;
};

/// A step waits for so long while the model is about to be replaced, which mostly takes less; then
/// it is tried again, so that a projector that waits can be stopped.
constexpr std::chrono::milliseconds kHoldPatience{200};

class SqliteReadModel final : public ReadModel {
 public:
  /// `claim`: where this is a twin.
  explicit SqliteReadModel(ModelParts parts, std::unique_ptr<TwinClaim> claim = nullptr)
      : claim_(std::move(claim)),
        path_(std::move(parts.path)),
        options_(std::move(parts.options)),
        clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
        shared_(claim_ ? claim_->shared() : std::make_shared<Shared>()),
        lock_(std::move(parts.lock)),
        is_outdated_(parts.is_outdated),
        file_(std::move(parts.file)),
        rows_(std::move(parts.rows)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }

  [[nodiscard]] bool is_outdated() override {
    const std::scoped_lock lock(mutex_);
    return is_outdated_;
  }

  [[nodiscard]] Result<ProjectionState> load(const Projection& projection) override {
    const auto lock = lock_to_change();
    if (!lock) return std::unexpected(lock.error());
    if (is_outdated_) {
      return fail(Errc::invalid_argument,
                  concat("the read model ", quoted(path_), " has not the schema ",
                         quoted(options_.schema), ": rebuild it first"));
    }
    if (auto handler = handler_of(projection); !handler) {
      return std::unexpected(std::move(handler.error()));
    }
    ProjectionState state;
    auto loaded = file_.transact([&]() -> Result<void> {
      auto found = rows_.load(projection, clock_.now());
      if (!found) return std::unexpected(std::move(found.error()));
      state = std::move(*found);
      return {};
    });
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    return state;
  }

  [[nodiscard]] Result<std::uint64_t> apply(const Projection& projection,
                                            const Batch& batch) override {
    const auto lock = lock_to_change();
    if (!lock) return std::unexpected(lock.error());
    const auto handler = handler_of(projection);
    if (!handler) return std::unexpected(handler.error());
    const std::string key = projection_key(projection);
    auto applied = file_.transact([&]() -> Result<void> {
      if (auto ok = check_revision(key, batch.revision); !ok) return ok;
      if (auto handled = handle(**handler, batch.events); !handled) return handled;
      return of_the_model(rows_.keep(projection, batch, clock_.now()));
    });
    if (!applied) return std::unexpected(std::move(applied.error()));
    return batch.revision + 1;
  }

  [[nodiscard]] Result<ProjectionRequests> requests(const Projection& projection) override {
    const std::scoped_lock lock(mutex_);
    auto found = rows_.requests(projection_key(projection));
    if (found && shared_->has_twin) found->rebuild = false;  // it is being done
    return found;
  }

  [[nodiscard]] Result<bool> rebuild_failed(const Error& error, unsigned most) override {
    const std::scoped_lock lock(mutex_);
    bool is_over = false;
    auto kept = file_.transact([&]() -> Result<void> {
      auto done = rows_.rebuild_failed(error, most);
      if (!done) return std::unexpected(std::move(done.error()));
      is_over = *done;
      return {};
    });
    return kept ? Result<bool>(is_over) : std::unexpected(std::move(kept.error()));
  }

  [[nodiscard]] Result<std::vector<KeptProjection>> kept() override {
    const std::scoped_lock lock(mutex_);
    return rows_.kept();
  }

  [[nodiscard]] Result<std::unique_ptr<Rebuildable>> make_twin(TwinOptions options) override {
    auto claim = claim_ ? nullptr : TwinClaim::make(shared_);
    if (!claim) {
      return fail(Errc::unavailable,
                  concat("the read model ", quoted(path_), " is being rebuilt already"));
    }
    auto content = content_of_twin(options);
    if (!content) return std::unexpected(std::move(content.error()));
    auto parts = open_twin(path_, options_, *content);
    if (!parts) return std::unexpected(std::move(parts.error()));
    auto twin = std::make_unique<SqliteReadModel>(std::move(*parts), std::move(claim));
    twin->handles_dropped_ = options.handle_dropped;
    return twin;
  }

  [[nodiscard]] Result<void> take_over(Rebuildable& other, const CatchUp& catch_up) override {
    auto* twin = dynamic_cast<SqliteReadModel*>(&other);
    if (twin == nullptr || twin->shared_ != shared_ || twin == this) {
      return fail(Errc::invalid_argument, "a read model takes over its own twin and no other");
    }
    const auto reached = begin_hold();
    if (!reached) return std::unexpected(reached.error());
    const Holding until_the_end(*this);  // also when the caller's own code throws
    auto taken = catch_up(*reached);
    const std::scoped_lock lock(mutex_, twin->mutex_);
    if (taken) taken = take_content(*twin, *reached);
    return taken;
  }

  [[nodiscard]] Result<void> remove_twin() override {
    if (!shared_->has_twin) return remove_model_files(twin_path_of(path_));
    return fail(Errc::unavailable, "the twin of the read model is in use");
  }

 private:
  /// Ends what `begin_hold` began.
  class Holding {
   public:
    explicit Holding(SqliteReadModel& model) : model_(model) {}
    ~Holding() {
      const std::scoped_lock lock(model_.mutex_);
      model_.is_held_ = false;
      model_.released_.notify_all();
    }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;

   private:
    SqliteReadModel& model_;
  };

  /// For what changes the model.
  [[nodiscard]] Result<std::unique_lock<std::mutex>> lock_to_change() {
    std::unique_lock lock(mutex_);
    if (released_.wait_for(lock, kHoldPatience, [this] { return !is_held_; })) return lock;
    return fail(Errc::unavailable, concat("the read model ", quoted(path_),
                                          " is about to be replaced by the one made anew"));
  }

  /// From now on nothing changes the model, which stands where is told.
  [[nodiscard]] Result<std::vector<KeptProjection>> begin_hold() {
    const auto lock = lock_to_change();
    if (!lock) return std::unexpected(lock.error());
    auto kept = rows_.kept();
    is_held_ = kept.has_value();
    return kept;
  }

  [[nodiscard]] Result<TwinContent> content_of_twin(const TwinOptions& options) {
    const std::scoped_lock lock(mutex_);
    TwinContent content{.anew = options.anew};
    const auto schema = read_model_schema(file_.connection());
    if (!schema) return std::unexpected(schema.error());
    content.taken_over = schema->origin;
    if (options.handle_dropped) return content;
    auto dropped = read_dropped(file_.connection());
    if (!dropped) return std::unexpected(std::move(dropped.error()));
    content.dropped = std::move(*dropped);
    return content;
  }

  [[nodiscard]] Result<void> take_content(SqliteReadModel& twin,
                                          const std::vector<KeptProjection>& old) {
    if (!twin.handles_dropped_) {
      const auto dropped = read_dropped(file_.connection());
      if (!dropped) return std::unexpected(dropped.error());
      if (auto adopted = adopt_dropped(twin.file_, twin.rows_, *dropped); !adopted) {
        return fail(Errc::unavailable, adopted.error().message);  // the next one begins anew
      }
    }
    auto carried = twin.file_.transact([&] {
      auto renewed = twin.renew_revisions(old);
      return renewed ? carry_requests(file_.connection(), twin.file_.connection(),
                                      twin.handles_dropped_)
                     : renewed;
    });
    if (!carried) return carried;
    transaction_.forget_statements();
    if (auto copied = copy_model(twin.file_.connection(), file_.connection()); !copied) {
      return copied;
    }
    is_outdated_ = false;
    return {};
  }

  /// No projector of the old model may take the new one for what it knows.
  [[nodiscard]] Result<void> renew_revisions(const std::vector<KeptProjection>& old) {
    const auto mine = rows_.kept();
    if (!mine) return std::unexpected(mine.error());
    std::uint64_t highest = 0;
    for (const auto* all : {&old, &*mine}) {
      for (const auto& one : *all) highest = std::max(highest, one.state.revision);
    }
    return rows_.set_revisions(highest + 1);
  }

  [[nodiscard]] Result<const ModelHandler*> handler_of(const Projection& projection) const {
    const auto found = options_.handlers.find(projection.name);
    if (found != options_.handlers.end()) return &found->second;
    return fail(Errc::invalid_argument,
                concat("the read model ", quoted(path_), " has no handler for the projection ",
                       quoted(projection.name), ": give it one"));
  }

  [[nodiscard]] Result<void> check_revision(const std::string& key, std::uint64_t expected) {
    const auto revision = rows_.revision(key);
    if (!revision) return std::unexpected(revision.error());
    if (*revision == expected) return {};
    return fail(Errc::version_conflict,
                concat("the projection ", quoted(key), " was changed by another projector"));
  }

  [[nodiscard]] Result<void> handle(const ModelHandler& handler, std::span<const EventPtr> events) {
    return file_.guarded([&]() -> Result<void> {
      for (const EventPtr& event : events) {
        const std::scoped_lock one_at_a_time(shared_->handling);
        auto handled = handle_event([&] { return handler(transaction_, event); }, event);
        // Of the database, and so of no event, whatever the handler makes of it.
        if (auto trouble = transaction_.take_trouble()) return std::unexpected(*trouble);
        if (!handled) return handled;
        if (!file_.is_in_transaction()) return undone(*event);
      }
      return {};
    });
  }

  /// The handler did not say so, but all of the step is undone, with what came before.
  [[nodiscard]] std::unexpected<Error> undone(const StoredEvent& event) const {
    const int code = sqlite3_errcode(file_.connection().raw());
    const bool may_pass = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_NOMEM;
    if (may_pass) return std::unexpected(file_.connection().error(code, "a handler's statement"));
    return std::unexpected(
        Error{.code = Errc::invalid_argument,
              .message = "a statement of the handler has undone the transaction: let no conflict "
                         "or trigger roll back",
              .position = event.position});
  }

  /// An error of ours must not be taken for one of the batch's events.
  static Result<void> of_the_model(Result<void> done) {
    if (!done && done.error().code != Errc::corrupt &&
        done.error().code != Errc::permission_denied) {
      done.error().code = Errc::unavailable;
    }
    return done;
  }

  const std::unique_ptr<TwinClaim> claim_;  // given up when the file is closed
  const std::string path_;
  const ReadModelOptions options_;
  const Clock& clock_;
  const std::shared_ptr<Shared> shared_;
  bool handles_dropped_ = false;  // of a twin: it handles what was dropped in the live model
  FileLock lock_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable released_;
  bool is_held_ = false;  // a rebuild brings its twin to where this stands
  bool is_outdated_;
  ModelFile file_;
  ProjectionRows rows_;
  ModelTransaction transaction_{file_.connection()};
};

}  // namespace

Result<std::unique_ptr<ReadModel>> open_read_model(const std::string& path,
                                                   const ReadModelOptions& options) {
  if (auto ok = check_model_options(options); !ok) return std::unexpected(std::move(ok.error()));
  const auto resolved = resolve_path(path, false);
  if (!resolved) return std::unexpected(resolved.error());
  if (auto ok = check_writable(*resolved); !ok) return std::unexpected(std::move(ok.error()));
  auto parts = open_model_parts(*resolved, options);
  if (!parts) return std::unexpected(std::move(parts.error()));
  if (auto ok = remove_finished_twin(*resolved, parts->origin); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return std::make_unique<SqliteReadModel>(std::move(*parts));
}

}  // namespace aether::sqlite
