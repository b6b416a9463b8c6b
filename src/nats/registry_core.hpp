// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"
#include "aether/core/scheduler.hpp"
#include "aether/core/time.hpp"
#include "core/text.hpp"
#include "nats/api.hpp"
#include "nats/session.hpp"

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aether::nats {

/// What a registry's puts, gets and watches work with. They keep it, so it may outlive the registry
/// by the time that the last of them takes.
struct RegistryCore {
  std::shared_ptr<Connection> connection;
  std::unique_ptr<StreamApi> api;
  std::string prefix;  ///< "$KV.<bucket>."
  Timestamp created = kNoTimestamp;
  bool has_replicas = false;
  LogSink log;
  std::shared_ptr<Scheduler> scheduler;  ///< last: its tasks use all others

  [[nodiscard]] Session& session() const { return Session::of(*connection); }
  [[nodiscard]] std::string subject_of(std::string_view key) const { return concat(prefix, key); }

  void tell(LogLevel level, std::string_view message) const {
    if (log) log(level, message);
  }

  /// Calls what a user gave us, on the scheduler.
  template <class Callback, class... Args>
  void call(Callback& callback, Args&&... args) const {
    try {
      if (callback) callback(std::forward<Args>(args)...);
    } catch (const std::exception& error) {
      tell(LogLevel::error, concat("a callback of the registry threw: ", error.what()));
    } catch (...) {
      tell(LogLevel::error, "a callback of the registry threw something");
    }
  }
};

}  // namespace aether::nats
