// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/time.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"
#include "aether/store/snapshot_store.hpp"
#include "aether/stores/url.hpp"

#include <chrono>
#include <memory>
#include <string_view>

namespace aether {

/// What all stores have in common; for the rest open the one that you want by its own function.
struct StoresOptions {
  /// For those who only read: a store that is not there is `not_found` and is not made, and an
  /// SQLite database is opened so that another process may write.
  bool read_only = false;
  Limits limits{};
  /// How long to wait for a server to connect to, and for whatever is asked of it.
  std::chrono::milliseconds timeout{10'000};
  const Clock* clock = nullptr;  ///< must outlive the stores; null: the system's
  LogSink log{};
};

/// An event store and the snapshot store beside it, chosen by a URL: so that a program which
/// outgrows one machine changes its configuration, and no code.
///
/// All members may be called from any thread. Destroying it closes both.
class Stores {
 public:
  Stores() = default;
  virtual ~Stores() = default;
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  /// Lives as long as this, as does `snapshots`.
  [[nodiscard]] virtual EventStore& events() = 0;

  /// Opened by the first call that succeeds: in JetStream snapshots have a stream of their own,
  /// which whoever takes none needs no rights to. Never null. Errors: those of `open_stores`.
  [[nodiscard]] virtual Result<SnapshotStore*> snapshots() = 0;
};

/// Opens what `url` names: see `StoreUrl`. A store in memory keeps an audit chain, as all others
/// do, and forgets everything when it is destroyed.
///
/// Errors: `invalid_argument` (the URL, or settings that differ from what is there), `unsupported`
/// (this build is without that store), and those of `sqlite::open`, `nats::connect` and
/// `nats::open`.
[[nodiscard]] Result<std::unique_ptr<Stores>> open_stores(std::string_view url,
                                                          const StoresOptions& options = {});

}  // namespace aether
