// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain.hpp"
#include "aether/core/names.hpp"
#include "aether/store/audit.hpp"
#include "core/text.hpp"
#include "store/audit_heads.hpp"

#include <algorithm>
#include <charconv>

namespace aether {

namespace {

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// The text up to the next ':', which is taken off.
std::string_view take_part(std::string_view& text) {
  const std::string_view part = text.substr(0, text.find(':'));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

}  // namespace

std::string format_digest(const Digest& digest) {
  return concat(kDigestTag, ":", digest.position, ":", to_hex(digest.root), ":", digest.version,
                ":", to_subject_token(digest.actor_id));
}

Result<Digest> parse_digest(std::string_view text) {
  std::string_view rest = text;
  Digest digest;
  const bool tagged = take_part(rest) == kDigestTag;
  const bool positioned = parse_number(take_part(rest), digest.position);
  const auto root = parse_hash(take_part(rest));
  const bool versioned = parse_number(take_part(rest), digest.version);
  auto actor_id = from_subject_token(rest);
  if (tagged && positioned && root && versioned && actor_id) {
    digest.root = *root;
    digest.actor_id = std::move(*actor_id);
    if (format_digest(digest) == text) return digest;  // nothing has two spellings
  }
  return fail(Errc::invalid_argument,
              concat(quoted(text), " is not a digest: it should look like \"", kDigestTag,
                     ":<position>:<64 hexadecimal digits>:<version>:<actor>\""));
}

}  // namespace aether
