// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"

#include <string>
#include <string_view>

namespace aether {

/// Which namespaces are meant: a namespace some of whose tokens are `*`, any one token, and whose
/// last may be `>`, one or more tokens. "prod.>" means "prod.eu" and "prod.eu.a", but not "prod";
/// "*.eu" means "prod.eu". Without either it means exactly one namespace, and no other is seen.
class NamespacePattern {
 public:
  /// `invalid_argument` says which token, and what is wrong with it.
  [[nodiscard]] static Result<NamespacePattern> parse(std::string_view text);

  /// Exactly this namespace. Implicit: where a pattern is asked for, a namespace will do.
  // NOLINTNEXTLINE(google-explicit-constructor): meant
  NamespacePattern(const Namespace& ns) : text_(ns.text()), is_literal_(true) {}

  [[nodiscard]] bool matches(const Namespace& ns) const;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// Whether it means one namespace only: it has no wildcard.
  [[nodiscard]] bool is_literal() const noexcept { return is_literal_; }

  friend bool operator==(const NamespacePattern&, const NamespacePattern&) = default;

 private:
  NamespacePattern(std::string_view text, bool is_literal) : text_(text), is_literal_(is_literal) {}

  std::string text_;
  bool is_literal_;
};

}  // namespace aether
