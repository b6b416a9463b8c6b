// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/read_model.hpp"

#include "core/text.hpp"
#include "projection/handled.hpp"
#include "sqlite/file_lock.hpp"
#include "sqlite/files.hpp"
#include "sqlite/model_file.hpp"
#include "sqlite/model_transaction.hpp"
#include "sqlite/projection_rows.hpp"

#include <mutex>
#include <utility>

namespace aether::sqlite {

namespace {

class SqliteReadModel final : public ReadModel {
 public:
  SqliteReadModel(std::string path, ReadModelOptions options, FileLock lock, ModelFile file,
                  ProjectionRows rows)
      : path_(std::move(path)),
        options_(std::move(options)),
        clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
        lock_(std::move(lock)),
        file_(std::move(file)),
        rows_(std::move(rows)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }

  [[nodiscard]] Result<ProjectionState> load(const Projection& projection) override {
    const std::scoped_lock lock(mutex_);
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
    const std::scoped_lock lock(mutex_);
    const auto handler = handler_of(projection);
    if (!handler) return std::unexpected(handler.error());
    const std::string key = projection_key(projection);
    auto applied = file_.transact([&]() -> Result<void> {
      if (auto ok = check_revision(key, batch.revision); !ok) return ok;
      if (auto handled = handle(**handler, batch.events); !handled) return handled;
      return of_the_model(rows_.keep(key, batch, clock_.now()));
    });
    if (!applied) return std::unexpected(std::move(applied.error()));
    return batch.revision + 1;
  }

  [[nodiscard]] Result<ProjectionRequests> requests(const Projection& projection) override {
    const std::scoped_lock lock(mutex_);
    return rows_.requests(projection_key(projection));
  }

  [[nodiscard]] Result<void> answered(const Projection& projection,
                                      const ProjectionRequests& requests) override {
    const std::scoped_lock lock(mutex_);
    return file_.transact([&] { return rows_.answered(projection_key(projection), requests); });
  }

 private:
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
        auto handled = handle_event([&] { return handler(transaction_, event); }, event);
        // Of the database, and so of no event, whatever the handler makes of it.
        if (auto trouble = transaction_.take_trouble()) return std::unexpected(*trouble);
        if (!handled) return handled;
      }
      return {};
    });
  }

  /// An error of ours must not be taken for one of the batch's events.
  static Result<void> of_the_model(Result<void> done) {
    if (!done && done.error().code != Errc::corrupt &&
        done.error().code != Errc::permission_denied) {
      done.error().code = Errc::unavailable;
    }
    return done;
  }

  const std::string path_;
  const ReadModelOptions options_;
  const Clock& clock_;
  FileLock lock_;
  std::mutex mutex_;  // guards what follows; one handler at a time
  ModelFile file_;
  ProjectionRows rows_;
  ModelTransaction transaction_{file_.connection()};
};

Result<void> check_options(const ReadModelOptions& options) {
  if (auto ok = check_name("read model's schema", options.schema); !ok) return ok;
  for (const auto& [name, handler] : options.handlers) {
    if (auto ok = check_projection({.name = name}); !ok) return ok;
    if (!handler) {
      return fail(Errc::invalid_argument, concat("the projection ", quoted(name),
                                                 " of the read model has an empty handler"));
    }
  }
  return {};
}

Result<void> check_schema(const ModelFile& file, const ReadModelOptions& options) {
  const auto there = read_model_schema(file.connection());
  if (!there) return std::unexpected(there.error());
  if (there->name != options.schema) {
    return fail(Errc::invalid_argument,
                concat("the read model has the schema ", quoted(there->name), ", and not ",
                       quoted(options.schema), ": rebuild it, or choose another file"));
  }
  if (there->sql == options.create) return {};
  return fail(Errc::invalid_argument,
              concat("the SQL of the schema ", quoted(options.schema),
                     " is not what the read model was made with: give the schema a new name, and "
                     "rebuild the model"));
}

std::unexpected<Error> about(const std::string& path, Error error) {
  if (error.message.find(path) == std::string::npos) {
    error.message = concat(quoted(path), ": ", error.message);
  }
  return std::unexpected(std::move(error));
}

}  // namespace

Result<std::unique_ptr<ReadModel>> open_read_model(const std::string& path,
                                                   const ReadModelOptions& options) {
  if (auto ok = check_options(options); !ok) return std::unexpected(std::move(ok.error()));
  const auto resolved = resolve_path(path, false);
  if (!resolved) return std::unexpected(resolved.error());
  if (auto ok = check_writable(*resolved); !ok) return std::unexpected(std::move(ok.error()));
  auto lock = FileLock::acquire(*resolved);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto file = ModelFile::open(*resolved, options);
  if (!file) return about(*resolved, std::move(file.error()));
  if (auto ok = check_schema(*file, options); !ok) return about(*resolved, std::move(ok.error()));
  auto rows = ProjectionRows::open(file->connection());
  if (!rows) return about(*resolved, std::move(rows.error()));
  return std::make_unique<SqliteReadModel>(*resolved, options, std::move(*lock), std::move(*file),
                                           std::move(*rows));
}

}  // namespace aether::sqlite
