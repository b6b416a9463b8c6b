// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/options.hpp"

#include <nats/nats.h>

#include <memory>
#include <string>
#include <string_view>

namespace aether::nats {

struct DestroyOptions {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using ClientOptions = std::unique_ptr<natsOptions, DestroyOptions>;

/// Whether what the caller gave can be meant so; nothing is connected to, no file is read.
[[nodiscard]] Result<void> check_options(const ConnectOptions& options);

/// libnats' options of ours, but for its callbacks. Reads the files that are named.
[[nodiscard]] Result<ClientOptions> to_client_options(const ConnectOptions& options);

/// `text` with '"' and '\' escaped: libnats puts names and passwords into its JSON as they are.
[[nodiscard]] std::string escape_json(std::string_view text);

[[nodiscard]] bool wants_tls(const ConnectOptions& options);

}  // namespace aether::nats
