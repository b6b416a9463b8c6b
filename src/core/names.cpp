// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"

#include "core/base64.hpp"
#include "core/text.hpp"

#include <algorithm>

namespace aether {
namespace {

constexpr std::size_t kMaxNamespaceTokens = 8;
constexpr std::size_t kMaxNamespaceTokenBytes = 64;
constexpr char kEscape = '=';

constexpr bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_plain);
}

std::unexpected<Error> bad_namespace(std::string_view text, std::string_view what) {
  return fail(Errc::invalid_argument,
              concat("the namespace ", quoted(text), " ", what,
                     ": give one to eight tokens of letters, digits, '_' and '-', joined by '.'"));
}

std::unexpected<Error> bad_token(std::string_view token, std::string_view what) {
  return fail(Errc::invalid_argument, concat("the subject token ", quoted(token), " ", what));
}

void append_subject_token(std::string& out, std::string_view name) {
  if (is_plain_name(name)) {
    out += name;
    return;
  }
  out += kEscape;
  append_base64(out, name, Base64::url);
}

}  // namespace

std::string_view category_of(std::string_view actor_id) {
  return actor_id.substr(0, actor_id.find('-'));
}

Result<Namespace> Namespace::parse(std::string_view text) {
  std::size_t tokens = 0;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    const std::string_view token = rest.substr(0, dot);
    more = dot != std::string_view::npos;
    if (more) rest.remove_prefix(dot + 1);
    tokens += 1;
    if (tokens > kMaxNamespaceTokens) return bad_namespace(text, "has more than eight tokens");
    if (token.empty()) {
      return bad_namespace(text, concat("has nothing in the place of token ", tokens));
    }
    const auto* const bad = std::ranges::find_if_not(token, is_plain);
    if (bad != token.end()) {
      const auto at = static_cast<std::size_t>(bad - token.begin());
      return bad_namespace(text, concat("has ", quoted(token.substr(at, 1)), " in token ", tokens));
    }
    if (token.size() > kMaxNamespaceTokenBytes) {
      return bad_namespace(
          text, concat("has ", token.size(), " bytes in token ", tokens, ", where 64 are allowed"));
    }
  }
  return Namespace(std::string(text));
}

std::string to_subject_token(std::string_view name) {
  std::string token;
  append_subject_token(token, name);
  return token;
}

Result<std::string> from_subject_token(std::string_view token) {
  if (!token.starts_with(kEscape)) {
    if (token.empty()) return bad_token(token, "is empty");
    if (!is_plain_name(token)) {
      return bad_token(token, "holds something else than letters, digits, '_' and '-'");
    }
    return std::string(token);
  }
  std::string name;
  if (!decode_base64(name, token.substr(1), Base64::url)) {
    return bad_token(token, "is not '=' and unpadded base64url");
  }
  if (is_plain_name(name)) return bad_token(token, "escapes a name that needs no escaping");
  return name;
}

std::string event_subject(const Namespace& ns, std::string_view actor_id) {
  std::string subject = "aether.ev.";
  subject += ns.text();
  subject += '.';
  append_subject_token(subject, category_of(actor_id));
  subject += '.';
  append_subject_token(subject, actor_id);
  return subject;
}

}  // namespace aether
