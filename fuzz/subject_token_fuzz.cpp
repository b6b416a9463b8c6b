// SPDX-License-Identifier: Apache-2.0
// Subject tokens both ways: any bytes as a name, and any bytes as a token.
#include "aether/core/names.hpp"
#include "fuzz.hpp"

#include <algorithm>

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '=';
}

void try_name(std::string_view name) {
  const std::string token = to_subject_token(name);
  require(!token.empty() && std::ranges::all_of(token, is_safe), "a token is safe");
  require(from_subject_token(token) == std::string(name), "a token is read back");

  const std::string subject = event_subject(*Namespace::parse("a.b"), name);
  require(subject.starts_with("aether.ev.a.b."), "a subject begins with its namespace");
  require(subject.ends_with("." + token), "a subject ends with its actor");
  require(std::ranges::count(subject, '.') == 5, "category and actor are one token each");
}

void try_token(std::string_view token) {
  const Result<std::string> name = from_subject_token(token);
  if (name) require(to_subject_token(*name) == token, "a name has one token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  try_name(text);
  try_token(text);
  return 0;
}
