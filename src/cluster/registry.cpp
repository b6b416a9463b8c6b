// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/registry.hpp"

#include "core/text.hpp"

namespace aether {

namespace {

bool is_token_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_key(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !is_token_byte(c)) return false;
    before = c;
  }
  return before != '.' && text.size() <= kMaxRegistryKeyBytes;
}

}  // namespace

Result<void> check_registry_key(std::string_view key) {
  if (is_key(key)) return {};
  return fail(
      Errc::invalid_argument,
      concat("the key ", quoted(key), " is none for a registry: take tokens of letters, ",
             "digits, '_' and '-', joined by '.', ", kMaxRegistryKeyBytes, " bytes at most"));
}

Result<void> check_registry_entry(std::string_view key, std::string_view value) {
  if (auto good = check_registry_key(key); !good) return good;
  if (value.size() <= kMaxRegistryValueBytes) return {};
  return fail(Errc::invalid_argument,
              concat("the value for ", quoted(key), " has ", value.size(), " bytes: at most ",
                     kMaxRegistryValueBytes, " can be kept under a key"));
}

}  // namespace aether
