// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/stream.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aether::nats {

/// A key-value bucket as the `nats` tools know it: a stream "KV_<name>" with the subjects
/// "$KV.<name>.<key>".
struct Bucket {
  std::string name;
  std::string_view keeps;  ///< "checkpoints": what it is for, as messages say it
  std::optional<unsigned> replicas{};
  bool create = true;
  /// It decides who may do what: nothing in it may vanish, and it has one value of each key.
  bool is_strict = false;

  [[nodiscard]] std::string stream() const { return "KV_" + name; }
  [[nodiscard]] std::string prefix() const { return "$KV." + name + '.'; }
};

/// As `nats kv add` makes it: one value of each key, which others may delete but not undo.
[[nodiscard]] StreamConfig bucket_config(const Bucket& bucket);

/// Whether what is there can be that bucket. Errors: `invalid_argument`, with the setting.
[[nodiscard]] Result<void> check_bucket(const StreamConfig& found, const Bucket& bucket);

/// Finds the bucket, which is the stream of `api`, or makes it. Errors: those of `find_or_make` and
/// `check_bucket`.
[[nodiscard]] Result<OpenedStream> open_bucket(StreamApi& api, const Bucket& bucket,
                                               std::chrono::milliseconds timeout);

}  // namespace aether::nats
