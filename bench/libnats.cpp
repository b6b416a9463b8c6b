// SPDX-License-Identifier: Apache-2.0
#include "libnats.hpp"

#include <charconv>
#include <string_view>
#include <utility>

namespace aether::bench {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;  // the machine may be busy

using Options = std::unique_ptr<natsOptions, Destroyer<natsOptions_Destroy>>;

}  // namespace

std::unexpected<Error> libnats_error(const std::string& doing, natsStatus status) {
  return fail(Errc::unavailable, doing + ": " + natsStatus_GetText(status));
}

Result<LibnatsConnection> libnats_connect(const std::string& url, bool send_asap) {
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  const Options options(made);
  if (status == NATS_OK) status = natsOptions_SetURL(made, url.c_str());
  if (status == NATS_OK) status = natsOptions_SetSendAsap(made, send_asap);
  natsConnection* connection = nullptr;
  if (status == NATS_OK) status = natsConnection_Connect(&connection, made);
  if (status != NATS_OK) return libnats_error("connecting to " + url, status);
  return LibnatsConnection(connection);
}

Result<LibnatsMessage> libnats_request(natsConnection* connection, natsMsg* message) {
  natsMsg* reply = nullptr;
  const natsStatus status = natsConnection_RequestMsg(&reply, connection, message, kPatienceMs);
  if (status != NATS_OK) {
    return libnats_error(std::string("a request to ") + natsMsg_GetSubject(message), status);
  }
  return LibnatsMessage(reply);
}

Result<LibnatsMessage> libnats_request(natsConnection* connection, const std::string& subject,
                                       const std::string& body) {
  natsMsg* made = nullptr;
  const natsStatus status =
      natsMsg_Create(&made, subject.c_str(), nullptr, body.data(), static_cast<int>(body.size()));
  const LibnatsMessage message(made);
  if (status != NATS_OK) return libnats_error("making a message", status);
  return libnats_request(connection, made);
}

Result<std::uint64_t> sequence_in(std::string_view acknowledgement) {
  constexpr std::string_view kKey = "\"seq\":";
  const auto at = acknowledgement.find(kKey);
  std::uint64_t sequence = 0;
  if (at != std::string_view::npos) {
    const std::string_view digits = acknowledgement.substr(at + kKey.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  }
  if (sequence == 0) {
    return fail(Errc::unavailable, "the stream answered " + std::string(acknowledgement));
  }
  return sequence;
}

}  // namespace aether::bench
