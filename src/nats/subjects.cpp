// SPDX-License-Identifier: Apache-2.0
#include "nats/subjects.hpp"

#include "core/text.hpp"

#include <algorithm>

namespace aether::nats {
namespace {

std::unexpected<Error> refuse(std::string_view what, std::string_view value,
                              std::string_view fault) {
  return fail(Errc::invalid_argument, concat("The ", what, " ", quoted(value), " ", fault, "."));
}

// What both servers take apart at, or refuse, or may one day; bytes above 0x7F pass.
bool is_token_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7F;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

template <class CheckToken>
Result<void> check_tokens(std::string_view what, std::string_view subject, std::size_t max_bytes,
                          CheckToken fault_of) {
  if (subject.size() > max_bytes) {
    return refuse(what, subject,
                  concat("has ", subject.size(), " bytes: at most ", max_bytes, " are allowed"));
  }
  std::string_view rest = subject;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    const std::string_view token = rest.substr(0, dot);
    more = dot != std::string_view::npos;
    if (more) rest.remove_prefix(dot + 1);
    if (token.empty()) {
      return refuse(what, subject, "has an empty token: join tokens by single dots");
    }
    const std::string_view fault = fault_of(token, more);
    if (!fault.empty()) return refuse(what, subject, fault);
  }
  return {};
}

std::string_view space_in(std::string_view token) {
  if (std::ranges::all_of(token, is_token_byte)) return "";
  return "holds a space or a control character, which no subject can";
}

}  // namespace

Result<void> check_subject(std::string_view what, std::string_view subject) {
  return check_tokens(what, subject, kMaxSubjectBytes,
                      [](std::string_view token, bool) -> std::string_view {
                        if (token == "*" || token == ">") {
                          return "holds a wildcard, to which nothing can be published";
                        }
                        return space_in(token);
                      });
}

Result<void> check_pattern(std::string_view pattern) {
  return check_tokens("subject", pattern, kMaxSubjectBytes,
                      [](std::string_view token, bool more) -> std::string_view {
                        if (token == ">" && more) return "has a '>' that is not its last token";
                        return space_in(token);
                      });
}

Result<void> check_inbox_prefix(std::string_view prefix) {
  return check_tokens("inbox prefix", prefix, kMaxInboxPrefixBytes,
                      [](std::string_view token, bool) -> std::string_view {
                        if (std::ranges::all_of(token, is_plain)) return "";
                        return "holds more than letters, digits, '_' and '-' joined by dots";
                      });
}

Result<void> check_header(std::string_view name, std::string_view value) {
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7F && c != ':';
  });
  if (!is_name) return refuse("header name", name, "is not printable ASCII without ':'");
  // By hand: find_first_of calls memchr for each byte.
  if (std::ranges::any_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
    return refuse("header value", value, "holds a line break or a NUL");
  }
  return {};
}

}  // namespace aether::nats
