// SPDX-License-Identifier: Apache-2.0
#include "nats/stream.hpp"

#include "core/text.hpp"

#include <utility>

namespace aether::nats {

Result<StreamInfo> open_stream(StreamApi& api, StreamKind kind, const Namespace& ns,
                               const StreamOptions& options, ApiLevel level,
                               std::chrono::milliseconds timeout) {
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

}  // namespace aether::nats
