// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/version.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace aether {

/// What went wrong, named by what the caller can do about it.
enum class Errc {
  version_conflict = 1,  ///< the version is taken: read again, decide again, append again
  invalid_argument,      ///< the call can never succeed as it is: mend the input
  not_found,             ///< what was named is not there
  unsupported,           ///< this store, or this build, cannot do it: choose another way
  too_large,             ///< over a limit: split the work or raise the limit
  permission_denied,     ///< not allowed: ask for the right
  unavailable,           ///< nothing was done: try again later
  outcome_unknown,       ///< it may or may not have been done: read, or repeat the same append
  corrupt,               ///< stored bytes are not what was written: stop, restore, investigate
  closed,                ///< the store or subscription was closed
};

/// "version_conflict", "invalid_argument", … Stable: programs may print and compare it.
[[nodiscard]] std::string_view to_string(Errc code);

/// An error as a value. Nothing ever needs to parse `message`.
struct Error {
  Errc code = Errc::invalid_argument;
  std::string message{};      ///< a sentence: what, with which value, and what to do
  std::string actor_id{};     ///< whose, where it is known: version_conflict, corrupt, of a replay
  Version actor_version = 0;  ///< version_conflict: the actor's latest; else the event's, or 0
  Position position = 0;      ///< the event's in the store's order; 0 when not known

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value, or the reason why there is none. The library throws nothing of its own.
template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for returning an error: `return fail(Errc::not_found, "…");`.
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}

}  // namespace aether
