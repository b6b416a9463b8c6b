// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/testing/registry_suite.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::testing {

class RegistryTest;

/// One test of the suite. The name is the claim.
struct RegistryCase {
  using Run = void (*)(RegistryTest& t);

  RegistryCase(const char* claim, Run body,
               std::source_location place = std::source_location::current())
      : name(claim), run(body), where(place) {}

  const char* name;
  Run run;
  std::source_location where;
};

using RegistryCases = std::vector<RegistryCase>;

// One list a file; registry_suite.cpp registers them all.
[[nodiscard]] RegistryCases registry_key_cases();
[[nodiscard]] RegistryCases registry_watch_cases();

using RegistryMaker = std::function<std::unique_ptr<RegistryHarness>()>;

/// The fixture, and the language in which the cases are told.
class RegistryTest : public ::testing::Test {
 public:
  RegistryTest(std::shared_ptr<const RegistryMaker> make, RegistryCase::Run run)
      : make_(std::move(make)), run_(run) {}

  [[nodiscard]] Registry& registry() { return harness_->registry(); }
  [[nodiscard]] Registry& other() { return harness_->other(); }

  // These wait for the outcome.
  [[nodiscard]] static Result<std::uint64_t> try_put(Registry& registry, std::string_view key,
                                                     std::string value, std::uint64_t expected);
  [[nodiscard]] static Result<std::optional<Registry::Entry>> try_get(Registry& registry,
                                                                      std::string_view key);
  /// Expects success, and gives the revision.
  std::uint64_t put(std::string_view key, std::string value, std::uint64_t expected);
  /// Expects that the key was set once.
  [[nodiscard]] Registry::Entry get(std::string_view key);

  void SetUp() override;
  void TestBody() override { run_(*this); }
  void TearDown() override { harness_.reset(); }

 private:
  const std::shared_ptr<const RegistryMaker> make_;
  const RegistryCase::Run run_;
  std::unique_ptr<RegistryHarness> harness_;
};

/// Keeps what a watcher is told.
class Sight {
 public:
  [[nodiscard]] Registry::Watcher watcher();

  [[nodiscard]] bool wait_until_live();
  /// Waits until the last value seen of `key` is `value`.
  [[nodiscard]] bool wait_for(std::string_view key, std::string_view value);
  [[nodiscard]] std::vector<Registry::Entry> entries() const;
  /// What was seen before it was live for the first time.
  [[nodiscard]] std::vector<Registry::Entry> present() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Registry::Entry> entries_;
  std::vector<Registry::Entry> present_;
  bool live_ = false;
  bool was_live_ = false;
};

}  // namespace aether::testing
