// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/model_drops.hpp"
#include "sqlite/model_parts.hpp"

#include <string>
#include <vector>

namespace aether::sqlite {

// The file in which a read model is made anew, beside the live one.

[[nodiscard]] std::string twin_path_of(const std::string& path);

/// Removes the database at `path` with the files that belong to it, where they are.
[[nodiscard]] Result<void> remove_model_files(const std::string& path);

/// Removes the twin of `path` if its content was taken over by a model of this origin already: then
/// only its removal was interrupted.
[[nodiscard]] Result<void> remove_finished_twin(const std::string& path, const std::string& origin);

struct TwinContent {
  bool anew = false;                    ///< nothing yet, in any case
  std::string taken_over{};             ///< not what has this origin: that is the live model's
  std::vector<DroppedEvent> dropped{};  ///< given up, and no other
};
/// An empty twin of the model at `path`, or what an earlier one left, where it is of use.
[[nodiscard]] Result<ModelParts> open_twin(const std::string& path, ReadModelOptions options,
                                           const TwinContent& content);

/// What is asked for in the live model is asked for in the twin that takes its place, where it has
/// not been done there. Belongs into a transaction of `twin`.
[[nodiscard]] Result<void> carry_requests(const Connection& live, const Connection& twin,
                                          bool handles_dropped);

/// All of one database over all of another, in one transaction that is synced: readers, and whoever
/// comes after a crash, see the old content or the new one.
[[nodiscard]] Result<void> copy_model(const Connection& from, const Connection& to);

}  // namespace aether::sqlite
