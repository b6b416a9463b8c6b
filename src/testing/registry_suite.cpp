// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/registry_suite.hpp"

#include "testing/registry_fixture.hpp"

#include <future>
#include <utility>

namespace aether::testing {

namespace {

/// What a completion gave. It outlives the call, so that a late one finds it.
template <class T>
class Outcome {
 public:
  [[nodiscard]] auto done() {
    return [promise = promise_](Result<T> result) { promise->set_value(std::move(result)); };
  }

  [[nodiscard]] Result<T> wait() {
    if (future_.wait_for(patience()) == std::future_status::ready) return future_.get();
    return fail(Errc::outcome_unknown, "the completion was never called");
  }

 private:
  std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future_ = promise_->get_future();
};

}  // namespace

Result<std::uint64_t> RegistryTest::try_put(Registry& registry, std::string_view key,
                                            std::string value, std::uint64_t expected) {
  Outcome<std::uint64_t> outcome;
  registry.put(key, std::move(value), expected, patience(), outcome.done());
  return outcome.wait();
}

Result<std::optional<Registry::Entry>> RegistryTest::try_get(Registry& registry,
                                                             std::string_view key) {
  Outcome<std::optional<Registry::Entry>> outcome;
  registry.get(key, patience(), outcome.done());
  return outcome.wait();
}

std::uint64_t RegistryTest::put(std::string_view key, std::string value, std::uint64_t expected) {
  const auto revision = try_put(registry(), key, std::move(value), expected);
  EXPECT_THAT(revision, Succeeds());
  return revision.value_or(0);
}

Registry::Entry RegistryTest::get(std::string_view key) {
  const auto entry = try_get(registry(), key);
  EXPECT_THAT(entry, Succeeds());
  if (!entry || !*entry) return {};
  return **entry;
}

void RegistryTest::SetUp() {
  harness_ = (*make_)();
  ASSERT_NE(harness_, nullptr) << "the harness could not be made";
}

Registry::Watcher Sight::watcher() {
  return {.on_entry =
              [this](const Registry::Entry& entry) {
                const std::scoped_lock lock(mutex_);
                entries_.push_back(entry);
                if (!was_live_) present_.push_back(entry);
              },
          .on_live =
              [this](bool live) {
                const std::scoped_lock lock(mutex_);
                live_ = live;
                was_live_ = was_live_ || live;
              }};
}

bool Sight::wait_until_live() {
  return eventually([this] {
    const std::scoped_lock lock(mutex_);
    return live_;
  });
}

bool Sight::wait_for(std::string_view key, std::string_view value) {
  return eventually([&] {
    const std::scoped_lock lock(mutex_);
    for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) {
      if (at->key == key) return at->value == value;
    }
    return false;
  });
}

std::vector<Registry::Entry> Sight::entries() const {
  const std::scoped_lock lock(mutex_);
  return entries_;
}

std::vector<Registry::Entry> Sight::present() const {
  const std::scoped_lock lock(mutex_);
  return present_;
}

bool register_registry_suite(const std::string& name, RegistryMaker make_harness) {
  const auto make = std::make_shared<const RegistryMaker>(std::move(make_harness));
  const std::string suite = name + "Registry";
  for (const RegistryCases& cases : {registry_key_cases(), registry_watch_cases()}) {
    for (const RegistryCase& one : cases) {
      ::testing::RegisterTest(suite.c_str(), one.name, nullptr, nullptr, one.where.file_name(),
                              static_cast<int>(one.where.line()),
                              [make, run = one.run]() -> RegistryTest* {
                                return new RegistryTest(make, run);  // gtest owns it
                              });
    }
  }
  return true;
}

}  // namespace aether::testing
