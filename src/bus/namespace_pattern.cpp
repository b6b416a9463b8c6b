// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/namespace_pattern.hpp"

#include "core/text.hpp"

namespace aether {

namespace {

constexpr std::string_view kAnyToken = "*";
constexpr std::string_view kAnyRest = ">";

/// The part before the first '.', which goes from `rest`; `more` says whether a '.' followed.
std::string_view next_token(std::string_view& rest, bool& more) {
  const std::size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  more = dot != std::string_view::npos;
  rest.remove_prefix(more ? dot + 1 : rest.size());
  return token;
}

}  // namespace

Result<NamespacePattern> NamespacePattern::parse(std::string_view text) {
  // With a letter in the place of each wildcard it must be a namespace: so the rules for tokens,
  // their length and their number are in one place.
  std::string filled;
  std::string_view rest = text;
  bool is_literal = true;
  for (bool more = true; more;) {
    const std::string_view token = next_token(rest, more);
    const bool is_wildcard = token == kAnyToken || token == kAnyRest;
    if (token == kAnyRest && more) {
      return fail(Errc::invalid_argument,
                  concat("the namespace pattern ", quoted(text),
                         " has something behind '>': it means all tokens that follow, so put it "
                         "last, or write '*' for one token"));
    }
    is_literal = is_literal && !is_wildcard;
    filled += is_wildcard ? "x" : token;
    if (more) filled += '.';
  }
  if (const auto ok = Namespace::parse(filled); !ok) {
    return fail(Errc::invalid_argument,
                concat("the namespace pattern ", quoted(text),
                       " cannot be: give '*' for any token and a last '>' for one or more; apart "
                       "from them ",
                       ok.error().message));
  }
  return NamespacePattern(text, is_literal);
}

bool NamespacePattern::matches(const Namespace& ns) const {
  if (is_literal_) return text_ == ns.text();
  std::string_view pattern = text_;
  std::string_view name = ns.text();
  bool more_pattern = true;
  bool more_name = true;
  while (more_pattern && more_name) {
    const std::string_view expected = next_token(pattern, more_pattern);
    const std::string_view token = next_token(name, more_name);
    if (expected == kAnyRest) return true;
    if (expected != kAnyToken && expected != token) return false;
  }
  return more_pattern == more_name;
}

}  // namespace aether
