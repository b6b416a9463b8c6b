// SPDX-License-Identifier: Apache-2.0
#include "nats/snapshot_message.hpp"

#include "aether/core/chain.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "store/snapshot_envelope.hpp"

#include <charconv>
#include <utility>

namespace aether::nats {

namespace {

std::unexpected<Error> no_snapshot(const StoredMessage& message, std::string_view why) {
  return fail(Errc::corrupt, concat("message ", message.sequence, " of the stream, on ",
                                    quoted(message.subject), ", is no snapshot of a store: ", why));
}

OutgoingSnapshot sealed(std::string subject, Version version, std::string body) {
  std::string checksum = to_hex(sha256(body));
  return {.subject = std::move(subject),
          .version = version,
          .checksum = std::move(checksum),
          .body = std::move(body)};
}

/// What the header says; 0 for a snapshot that was removed.
std::optional<Version> version_of(const StoredMessage& message) {
  Version version = 0;
  const char* const end = message.version.data() + message.version.size();
  const auto [parsed, error] = std::from_chars(message.version.data(), end, version);
  if (error != std::errc() || parsed != end || version > kMaxVersion) return std::nullopt;
  return version;
}

}  // namespace

std::string snapshot_subject(const Namespace& ns, std::string_view actor_id) {
  return concat("aether.snap.", ns.text(), ".", to_subject_token(category_of(actor_id)), ".",
                to_subject_token(actor_id));
}

OutgoingSnapshot encode_snapshot(const Namespace& ns, const Snapshot& snapshot) {
  return sealed(snapshot_subject(ns, snapshot.actor_id), snapshot.version,
                aether::encode_snapshot(snapshot));
}

OutgoingSnapshot encode_removal(const Namespace& ns, std::string_view actor_id) {
  return sealed(snapshot_subject(ns, actor_id), 0, "");
}

bool has_unknown_format(const StoredMessage& message) {
  return !message.format.empty() && message.format != "1";
}

Result<std::optional<Snapshot>> decode_snapshot(const Namespace& ns, const StoredMessage& message) {
  if (message.format.empty()) return no_snapshot(message, "it has no header Aether-Format");
  if (has_unknown_format(message)) {
    return no_snapshot(message, concat("its format is ", quoted(message.format),
                                       ", and this version knows 1: upgrade this program"));
  }
  const auto version = version_of(message);
  if (!version) {
    return no_snapshot(message, concat("its Aether-Version is ", quoted(message.version)));
  }
  const auto checksum = parse_hash(message.checksum);
  if (!checksum) {
    return no_snapshot(message, concat("its Aether-Checksum is ", quoted(message.checksum)));
  }
  if (*checksum != sha256(message.body)) {
    return no_snapshot(message, "its body does not match its Aether-Checksum");
  }
  if (*version == 0) {
    if (message.body.empty()) return std::nullopt;
    return no_snapshot(message, "its Aether-Version is 0, and yet it has a body");
  }
  auto snapshot = aether::decode_snapshot(message.body);
  if (!snapshot) return no_snapshot(message, snapshot.error().message);
  if (snapshot_subject(ns, snapshot->actor_id) != message.subject) {
    return no_snapshot(
        message, concat("it is one of ", quoted(snapshot->actor_id), ", whose subject is another"));
  }
  if (snapshot->version != *version) {
    return no_snapshot(message, concat("it is at version ", snapshot->version,
                                       ", and its Aether-Version is ", *version));
  }
  return std::move(*snapshot);
}

}  // namespace aether::nats
