// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/requests.hpp"
#include "nats/transport.hpp"
#include "store/notifier.hpp"

#include <memory>
#include <string>

namespace aether::nats {

/// Wakes those who wait at `notifier` when a message is published to `subject`, and some times
/// after that: it is published a little before it is stored, on replicas more than a little. Only
/// a hint: it may be lost with the connection, or not be allowed, so that one must look by oneself
/// now and then. It goes on while the handle lives, which `requests` must outlive.
///
/// Errors: those of `Transport::subscribe`.
[[nodiscard]] Result<std::unique_ptr<Handle>> listen_for_hints(
    Transport& transport, Requests& requests, const std::string& subject,
    const std::shared_ptr<Notifier>& notifier);

}  // namespace aether::nats
