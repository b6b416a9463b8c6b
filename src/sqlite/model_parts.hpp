// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/read_model.hpp"
#include "sqlite/file_lock.hpp"
#include "sqlite/model_file.hpp"
#include "sqlite/projection_rows.hpp"

#include <string>

namespace aether::sqlite {

/// What an open read model is made of.
struct ModelParts {
  std::string path;
  ReadModelOptions options;
  FileLock lock;
  ModelFile file;
  ProjectionRows rows;
  std::string origin;
  bool is_outdated = false;
};

[[nodiscard]] Result<void> check_model_options(const ReadModelOptions& options);

/// Opens the model at `path`, or makes one. Errors: as `open_read_model`.
[[nodiscard]] Result<ModelParts> open_model_parts(const std::string& path,
                                                  const ReadModelOptions& options);

}  // namespace aether::sqlite
