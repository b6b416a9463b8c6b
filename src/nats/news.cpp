// SPDX-License-Identifier: Apache-2.0
#include "nats/news.hpp"

#include "core/deadline.hpp"

#include <nats/nats.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace aether::nats {
namespace {

struct Barrier {
  std::mutex mutex;  // guards is_reached
  std::condition_variable reached;
  bool is_reached = false;
};
using BarrierPtr = std::shared_ptr<Barrier>;

struct DestroyOptions {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};

void on_closed(natsConnection* /*connection*/, void* closure) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): given to libnats below
  const std::unique_ptr<BarrierPtr> barrier(static_cast<BarrierPtr*>(closure));
  const std::scoped_lock lock((*barrier)->mutex);
  (*barrier)->is_reached = true;
  (*barrier)->reached.notify_all();
}

void on_connected(natsConnection* /*connection*/, void* /*closure*/) {}

}  // namespace

// libnats offers no way to get behind its news but news of one's own: that a connection is closed.
// This one leads nowhere (port 0), so no server hears of it. It takes about a millisecond.
bool await_news(std::chrono::milliseconds timeout) {
  natsOptions* made = nullptr;
  if (natsOptions_Create(&made) != NATS_OK) return false;
  const std::unique_ptr<natsOptions, DestroyOptions> options(made);
  const auto barrier = std::make_shared<Barrier>();
  auto closure = std::make_unique<BarrierPtr>(barrier);
  const bool is_ready =
      natsOptions_SetURL(made, "nats://127.0.0.1:0") == NATS_OK &&
      natsOptions_SetReconnectWait(made, 1) == NATS_OK &&
      natsOptions_SetReconnectJitter(made, 0, 0) == NATS_OK &&
      natsOptions_SetReconnectBufSize(made, 0) == NATS_OK &&
      natsOptions_SetRetryOnFailedConnect(made, true, on_connected, nullptr) == NATS_OK &&
      natsOptions_SetClosedCB(made, on_closed, closure.get()) == NATS_OK;
  natsConnection* connection = nullptr;
  if (!is_ready || natsConnection_Connect(&connection, made) != NATS_NOT_YET_CONNECTED) {
    return false;
  }
  // NOLINTNEXTLINE(bugprone-unused-return-value): on_closed has it now
  static_cast<void>(closure.release());
  natsConnection_Destroy(connection);
  std::unique_lock lock(barrier->mutex);
  return barrier->reached.wait_until(lock, deadline_after(timeout),
                                     [&] { return barrier->is_reached; });
}

}  // namespace aether::nats
