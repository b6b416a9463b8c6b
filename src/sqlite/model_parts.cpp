// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_parts.hpp"

#include "core/text.hpp"
#include "sqlite/model_schema.hpp"

#include <utility>

namespace aether::sqlite {

namespace {

Result<void> check_schema(const ModelSchema& schema, const ReadModelOptions& options) {
  if (schema.name != options.schema) {
    return fail(Errc::invalid_argument,
                concat("the read model has the schema ", quoted(schema.name), ", and not ",
                       quoted(options.schema), ": rebuild it, or choose another file"));
  }
  if (schema.sql == options.create) return {};
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

Result<void> check_model_options(const ReadModelOptions& options) {
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

Result<ModelParts> open_model_parts(const std::string& path, const ReadModelOptions& options) {
  auto lock = FileLock::acquire(path);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto file = ModelFile::open(path, options);
  if (!file) return about(path, std::move(file.error()));
  const auto schema = read_model_schema(file->connection());
  if (!schema) return about(path, schema.error());
  auto right = check_schema(*schema, options);
  if (!right && !options.accept_outdated) return about(path, std::move(right.error()));
  auto rows = ProjectionRows::open(file->connection());
  if (!rows) return about(path, std::move(rows.error()));
  return ModelParts{.path = path,
                    .options = options,
                    .lock = std::move(*lock),
                    .file = std::move(*file),
                    .rows = std::move(*rows),
                    .origin = schema->origin,
                    .is_outdated = !right};
}

}  // namespace aether::sqlite
