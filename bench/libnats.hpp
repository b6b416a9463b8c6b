// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <nats/nats.h>

#include <memory>
#include <string>

namespace aether::bench {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};

using LibnatsConnection = std::unique_ptr<natsConnection, Destroyer<natsConnection_Destroy>>;
using LibnatsMessage = std::unique_ptr<natsMsg, Destroyer<natsMsg_Destroy>>;
using LibnatsSubscription = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;

/// "publishing: Timeout".
[[nodiscard]] std::unexpected<Error> libnats_error(const std::string& doing, natsStatus status);

/// `send_asap`: see natsOptions_SetSendAsap; false is what libnats does by itself.
[[nodiscard]] Result<LibnatsConnection> libnats_connect(const std::string& url, bool send_asap);

/// Sends `message` and waits for its reply.
[[nodiscard]] Result<LibnatsMessage> libnats_request(natsConnection* connection, natsMsg* message);
[[nodiscard]] Result<LibnatsMessage> libnats_request(natsConnection* connection,
                                                     const std::string& subject,
                                                     const std::string& body);

/// The number behind `"seq":` in a stream's acknowledgement; what it says where there is none.
[[nodiscard]] Result<std::uint64_t> sequence_in(std::string_view acknowledgement);

}  // namespace aether::bench
