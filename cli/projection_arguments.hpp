// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verbs.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace aether::cli {

/// What was given for each of the verbs below `projection`.
struct ProjectionVerbs {
  ListProjections list{};
  ProjectionLag lag{};
  RebuildModel rebuild{};
  Parked parked{};

  /// The one that was named; throws CLI::RequiredError where none was.
  [[nodiscard]] Verb chosen(const CLI::App& projection) const;
};

/// Adds them to the verb `projection`. `into` must outlive it.
void add_projection_verbs(CLI::App& projection, ProjectionVerbs& into);

}  // namespace aether::cli
