// SPDX-License-Identifier: Apache-2.0
#include "nats/retention.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aether::nats {

namespace {

// By how much our clock may be behind the server's, where it does not tell its own.
constexpr std::chrono::hours kClockTolerance{1};

// So many missing messages are asked for one by one: a number of each takes some bytes in a reply.
constexpr std::uint64_t kMostDetails = 10'000;

// Measured: 2.9.10 does so, 2.15.1 does not.
constexpr std::string_view kWhyMissing =
    "removed from within, or left out by an old server that had no room for the account's messages";

/// A new stream's first message.
std::uint64_t beginning_of(const StreamConfig& config) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(config.first_sequence, 1));
}

std::string keeps_for(const StreamConfig& config) {
  if (config.max_age_ns == 0) return "it keeps them for ever";
  return concat("it keeps them for ", config.max_age_ns / 1'000'000'000, " s");
}

}  // namespace

bool retention_has_begun(const StreamInfo& info) {
  if (info.config.max_age_ns == 0) return false;
  if (info.created == kNoTimestamp) return true;
  const Timestamp now =
      info.server_time != kNoTimestamp ? info.server_time : system_clock().now() + kClockTolerance;
  return now - info.created >= std::chrono::nanoseconds(info.config.max_age_ns);
}

Position retained_from(const StreamInfo& info) {
  const bool is_whole = info.first_sequence <= beginning_of(info.config);
  return is_whole || !retention_has_begun(info) ? 0 : position_of(info.first_sequence, 0);
}

Result<void> inspect_stream(StreamApi& api, StreamApi::Timeout timeout,
                            const std::function<void(Finding)>& report) {
  auto info = api.info(timeout);
  if (info && info->deleted > 0 && info->deleted <= kMostDetails) info = api.info(timeout, true);
  if (!info) return std::unexpected(std::move(info.error().error));
  const std::uint64_t beginning = beginning_of(info->config);
  if (info->first_sequence > beginning && !retention_has_begun(*info)) {
    report({.position = position_of(beginning, 0),
            .what = concat(
                "messages ", beginning, " to ", info->first_sequence - 1, " of the stream ",
                quoted(api.stream()), " are gone, and its retention cannot have removed them: ",
                keeps_for(info->config), ", and was made at ", format_timestamp(info->created))});
  }
  for (const std::uint64_t sequence : info->deleted_ones) {
    report({.position = position_of(sequence, 0),
            .what = concat("message ", sequence, " of the stream ", quoted(api.stream()),
                           " is missing: ", kWhyMissing)});
  }
  if (info->deleted > info->deleted_ones.size()) {
    report({.what = concat(info->deleted - info->deleted_ones.size(), " messages of the stream ",
                           quoted(api.stream()), " are missing: ", kWhyMissing)});
  }
  return {};
}

}  // namespace aether::nats
