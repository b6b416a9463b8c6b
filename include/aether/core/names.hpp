// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace aether {

/// The longest id, event type, actor id, content type and metadata key, in bytes.
inline constexpr std::size_t kMaxNameBytes = 255;

/// The part of an actor id before its first '-' ("order-123" → "order"); no '-': the whole id.
[[nodiscard]] std::string_view category_of(std::string_view actor_id);

/// An isolated world of actors, events and subscribers: one to eight tokens of `[A-Za-z0-9_-]`,
/// each up to 64 bytes, joined by '.': "prod.eu". One that exists is literal: it never holds a
/// wildcard, a space or a control character.
class Namespace {
 public:
  /// `invalid_argument` says which token and which character.
  [[nodiscard]] static Result<Namespace> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  friend auto operator<=>(const Namespace&, const Namespace&) = default;

 private:
  explicit Namespace(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// `name` as one token of a subject: `[A-Za-z0-9_-]+` stays as it is, all else becomes '=' and
/// base64url (RFC 4648, section 5, unpadded). Injective; never holds '.', '*', '>', a space or a
/// control character; an empty name is "=".
[[nodiscard]] std::string to_subject_token(std::string_view name);

/// The inverse. A token that `to_subject_token` cannot have made is `invalid_argument`.
[[nodiscard]] Result<std::string> from_subject_token(std::string_view token);

/// Where the events of an actor live: "aether.ev.<namespace>.<category>.<actor>", category and
/// actor always the last two tokens, so that no two namespaces share a subject.
[[nodiscard]] std::string event_subject(const Namespace& ns, std::string_view actor_id);

}  // namespace aether
