// SPDX-License-Identifier: Apache-2.0
#include "nats/stream.hpp"

#include "core/text.hpp"

#include <cstddef>
#include <utility>

namespace aether::nats {

namespace {

constexpr std::size_t kMaxStreamNameBytes = 255;  // the servers' own

}  // namespace

Result<StreamInfo> open_stream(StreamApi& api, StreamKind kind, const Namespace& ns,
                               const StreamOptions& options, ApiLevel level,
                               std::chrono::milliseconds timeout) {
  if (api.stream().size() > kMaxStreamNameBytes) {
    return fail(Errc::invalid_argument,
                concat("the namespace ", quoted(ns.text()), " has ", ns.text().size(),
                       " bytes, with which a stream's name has ", api.stream().size(), ", where ",
                       kMaxStreamNameBytes, " are allowed: choose a shorter one"));
  }
  auto info = api.info(timeout);
  if (!info && info.error().code == ApiCode::stream_not_found) {
    if (!options.create) {
      return fail(Errc::not_found,
                  concat("there is no stream ", quoted(api.stream()), " for the namespace ",
                         quoted(ns.text()), ": let the store make it (create), or make it first"));
    }
    info = api.create(stream_config(kind, ns, options), level, timeout);
    // Another process may have made it in the meantime.
    if (!info && info.error().code == ApiCode::stream_name_in_use) info = api.info(timeout);
  }
  if (!info) return std::unexpected(std::move(info.error().error));
  if (auto ok = check_stream(kind, info->config, ns, options); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return std::move(*info);
}

Result<bool> needs_message_ids(const StreamConfig& found, ApiLevel level) {
  // Two messages at one sequence are at most as far apart as an answer may be late.
  constexpr std::chrono::nanoseconds kShortestWindow = std::chrono::seconds(10);
  if (level >= kBatchGetLevel || found.replicas <= 1) return false;
  if (found.duplicate_window_ns >= kShortestWindow.count()) return true;
  return fail(Errc::invalid_argument,
              concat("the stream ", quoted(found.name), " remembers message ids for ",
                     found.duplicate_window_ns / 1'000'000,
                     " ms only: with replicas on this server two writers might both win; have its "
                     "duplicate window set to 10 s at least (2 minutes is usual)"));
}

}  // namespace aether::nats
