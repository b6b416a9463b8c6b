// SPDX-License-Identifier: Apache-2.0
#include "nats/bucket.hpp"

#include "core/text.hpp"

#include <utility>

namespace aether::nats {

namespace {

/// What makes a stream no bucket at all; "" for nothing.
std::string fault_of(const StreamConfig& found, const StreamConfig& wanted) {
  if (found.subjects != wanted.subjects) {
    return concat("its subjects must be exactly ", quoted(wanted.subjects.front()));
  }
  if (found.max_age_ns != 0) return "its values are removed when they are old (max_age)";
  if (found.persist_mode == "async" || found.no_ack) {
    return "it does not acknowledge what it has written";
  }
  if (found.is_mirror || found.sealed) return "nothing can be written to it";
  return "";
}

/// By what values, or the numbers of their revisions, could vanish or be others; "" for nothing.
std::string fault_of_strict(const StreamConfig& found) {
  const bool is_limited = found.max_bytes > 0 || found.max_messages > 0;
  if (found.retention != "limits") {
    return concat("its retention is ", quoted(found.retention), ", which removes what was read");
  }
  if (found.max_messages_per_subject != 1) {
    return concat("it must keep one value of each key (history is ", found.max_messages_per_subject,
                  ")");
  }
  if (found.discards_new_per_subject) {
    return "a key's first value would be its last (discard_new_per_subject)";
  }
  if (is_limited && found.discard != "new") {
    return "when it is full it removes the oldest of them (discard must be new)";
  }
  if (!found.deny_delete) return "its messages may be deleted (deny_delete must be set)";
  if (found.allow_message_ttl) return "its values may expire (allow_msg_ttl)";
  if (found.transforms_subjects) return "it transforms subjects";
  if (found.storage != "file") {
    return concat("it is kept in ", found.storage,
                  ", and when servers begin anew so would the revisions");
  }
  return "";
}

}  // namespace

StreamConfig bucket_config(const Bucket& bucket) {
  return {.name = bucket.stream(),
          .subjects = {concat(bucket.prefix(), ">")},
          .max_messages_per_subject = 1,
          .max_consumers = kMaxConsumers,
          .replicas = bucket.replicas.value_or(1),
          .deny_delete = true,
          .allow_direct = true,
          .allow_rollup = true};
}

Result<void> check_bucket(const StreamConfig& found, const Bucket& bucket) {
  std::string fault = fault_of(found, bucket_config(bucket));
  if (fault.empty() && bucket.is_strict) fault = fault_of_strict(found);
  if (fault.empty() && bucket.replicas && found.replicas != *bucket.replicas) {
    fault =
        concat("it has ", found.replicas, " replicas, and ", *bucket.replicas, " were asked for");
  }
  if (fault.empty()) return {};
  return fail(Errc::invalid_argument,
              concat("the stream ", quoted(found.name), " cannot keep ", bucket.keeps, ": ", fault,
                     bucket.is_strict ? "; have it changed, or remove it and let it be made anew"
                                      : "; name another bucket"));
}

Result<OpenedStream> open_bucket(StreamApi& api, const Bucket& bucket,
                                 std::chrono::milliseconds timeout) {
  auto opened = find_or_make(api, bucket_config(bucket), bucket.create, timeout);
  if (!opened) return opened;
  if (auto ok = check_bucket(opened->info.config, bucket); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return opened;
}

}  // namespace aether::nats
