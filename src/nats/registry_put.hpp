// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/registry_core.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aether::nats {

/// One put, until its outcome is known: publishes on the condition that the key's last message is
/// the expected one, and where the answer does not say what became of that, looks. It lives as long
/// as something is on its way for it, and runs on the registry's scheduler.
///
/// Each message carries, besides, an id made of the key and the expected revision, by which servers
/// below 2.9.21 with replicas refuse the second of two that raced; and an id of its own, by which
/// it is known again.
class RegistryPut : public std::enable_shared_from_this<RegistryPut> {
 public:
  struct Order {
    std::string key;
    std::string value;
    std::uint64_t expected = 0;
    std::chrono::steady_clock::time_point deadline;
  };
  RegistryPut(std::shared_ptr<RegistryCore> core, Order order, Registry::PutDone done);

  void begin() { publish(); }

 private:
  void publish();
  void on_answer(ApiResult<Stored> stored);
  void look();
  void on_found(ApiResult<StreamApi::Found> found);
  void after_a_pause(void (RegistryPut::*next)());
  void give_up(Error reason);
  void finish(Result<std::uint64_t> outcome);

  [[nodiscard]] std::chrono::milliseconds time_for_one() const;
  [[nodiscard]] bool is_late() const;
  [[nodiscard]] Error conflict(std::uint64_t revision) const;
  [[nodiscard]] Error unknown(std::string_view why) const;

  const std::shared_ptr<RegistryCore> core_;
  const Order order_;
  const std::string subject_;
  const std::string id_;
  Registry::PutDone done_;
  bool is_unanswered_ = false;  // a message was sent of which it is not known what became
  std::optional<std::chrono::steady_clock::time_point> behind_since_;  // the leader, as it seems
  std::chrono::milliseconds pause_;
};

/// One get; the same.
class RegistryGet : public std::enable_shared_from_this<RegistryGet> {
 public:
  RegistryGet(std::shared_ptr<RegistryCore> core, std::string key,
              std::chrono::steady_clock::time_point deadline, Registry::GetDone done);

  void begin();

 private:
  void on_found(ApiResult<StreamApi::Found> found);

  const std::shared_ptr<RegistryCore> core_;
  const std::string key_;
  const std::chrono::steady_clock::time_point deadline_;
  Registry::GetDone done_;
  std::chrono::milliseconds pause_;
};

}  // namespace aether::nats
