// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "testing/printers.hpp"

#include <gmock/gmock.h>

#include <string>

namespace aether::testing {

// NOLINTBEGIN(readability-identifier-naming): matchers are named as GoogleTest names its own

/// A result that has a value; if not, the error is told.
MATCHER(Succeeds, "succeeds") { return arg.has_value(); }

MATCHER_P(FailsWith, code, std::string("fails with ") + std::string(to_string(code))) {
  return !arg && arg.error().code == code;
}

/// `FailsWith(Errc::version_conflict)`, carrying the actor's latest version.
MATCHER_P(ConflictsAt, version, "conflicts and names the actor's version") {
  if (!::testing::ExplainMatchResult(FailsWith(Errc::version_conflict), arg, result_listener)) {
    return false;
  }
  return arg.error().actor_version == version;
}

// NOLINTEND(readability-identifier-naming)

}  // namespace aether::testing
