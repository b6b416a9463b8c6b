// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <string_view>

// libnats and the servers check next to nothing: a line break in a subject is a command of its
// own, and a message for "a.*" is stored. So nothing goes on the wire that did not pass here.
namespace aether::nats {

/// A control line, which holds a subject and a reply subject, may have 4,096 bytes; a longer one
/// ends the connection.
inline constexpr std::size_t kMaxSubjectBytes = 2'048;
inline constexpr std::size_t kMaxInboxPrefixBytes = 128;

/// A subject to publish to: tokens without spaces and control characters, none empty, no wildcard.
/// `what` names it in the message.
[[nodiscard]] Result<void> check_subject(std::string_view what, std::string_view subject);

/// One to subscribe to: a token may be "*", the last one ">".
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

/// Tokens of `[A-Za-z0-9_-]`, so that what is below it needs no further look.
[[nodiscard]] Result<void> check_inbox_prefix(std::string_view prefix);

/// A name is printable ASCII without space and ':'; a value has no line break and no NUL.
[[nodiscard]] Result<void> check_header(std::string_view name, std::string_view value);

}  // namespace aether::nats
