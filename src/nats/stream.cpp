// SPDX-License-Identifier: Apache-2.0
#include "nats/stream.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>

namespace aether::nats {

namespace {

using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;
using std::chrono::milliseconds;

constexpr std::size_t kMaxStreamNameBytes = 255;  // the servers' own

// Three servers of 2.9 on a busy machine need some seconds to agree on a new stream.
constexpr milliseconds kLongestCreation{5'000};

/// Whether it may be otherwise in a moment, without anybody's doing: nobody answered, the servers
/// look for a leader, some are not there yet, another process makes the stream just now.
bool may_pass(const ApiError& error) {
  switch (error.code) {
    case ApiCode::none:
      return error.error.code == Errc::unavailable;
    case ApiCode::cluster_incomplete:
    case ApiCode::no_suitable_peers:
    case ApiCode::cluster_unavailable:
    case ApiCode::not_the_leader:
    case ApiCode::stream_name_in_use:
      return true;
    default:
      return false;
  }
}

/// Asks again, until `deadline`, while the answer may be another one soon.
template <class T, class Ask>
ApiResult<T> insist(Deadline deadline, const Ask& ask) {
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    ApiResult<T> result = ask();
    const bool is_late = SteadyClock::now() + pause + kShortestTry >= deadline;
    if (result || is_late || !may_pass(result.error())) return result;
    std::this_thread::sleep_for(pause);
  }
}

milliseconds time_until(Deadline deadline, milliseconds most) {
  return std::clamp(std::chrono::ceil<milliseconds>(deadline - SteadyClock::now()), milliseconds(1),
                    most);
}

}  // namespace

Result<OpenedStream> find_or_make(StreamApi& api, const StreamConfig& wanted, bool create,
                                  milliseconds timeout) {
  if (api.stream().size() > kMaxStreamNameBytes) {
    return fail(Errc::invalid_argument,
                concat("with this namespace the stream's name ", quoted(api.stream()), " has ",
                       api.stream().size(), " bytes, where ", kMaxStreamNameBytes,
                       " are allowed: choose a shorter one"));
  }
  const Deadline deadline = deadline_after(timeout);
  const auto level =
      insist<ApiLevel>(deadline, [&] { return api.level(time_until(deadline, kLongestTry)); });
  if (!level) return std::unexpected(level.error().error);
  bool is_missing = false;
  auto info = insist<StreamInfo>(deadline, [&] {
    auto found = api.info(time_until(deadline, kLongestTry));
    is_missing = !found && found.error().code == ApiCode::stream_not_found;
    if (!is_missing || !create) return found;
    return api.create(wanted, *level, time_until(deadline, kLongestCreation));
  });
  if (info) return OpenedStream{.info = std::move(*info), .level = *level};
  Error& error = info.error().error;
  if (is_missing && !create) {
    return fail(Errc::not_found, concat("there is no stream ", quoted(api.stream()),
                                        ": let it be made (create), or make it first"));
  }
  if (is_missing && error.code == Errc::permission_denied) {
    error.message += concat(" There is no stream ", quoted(api.stream()),
                            " yet: somebody who may make it must do so first.");
  }
  return std::unexpected(std::move(error));
}

Result<OpenedStream> open_stream(StreamApi& api, StreamKind kind, const Namespace& ns,
                                 const StreamOptions& options, milliseconds timeout) {
  if (kind == StreamKind::snapshots && options.broadcast.value_or(false)) {
    return fail(Errc::invalid_argument,
                concat("the stream ", quoted(api.stream()),
                       " of snapshots cannot be broadcast: only events are, ask for it there"));
  }
  auto opened = find_or_make(api, stream_config(kind, ns, options), options.create, timeout);
  if (!opened) return opened;
  if (auto ok = check_stream(kind, opened->info.config, ns, options); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return opened;
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

std::string warning_of_replicas(const StreamConfig& found, std::string_view harm) {
  return concat("the stream ", quoted(found.name), " has ", found.replicas,
                " replicas on servers below 2.11, which may come to differ when their leader is "
                "lost, so that ",
                harm, ": upgrade the servers, or use one replica");
}

}  // namespace aether::nats
