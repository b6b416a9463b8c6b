// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/lease.hpp"
#include "testing/pausable_scheduler.hpp"
#include "testing/simulated_registry.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether {

/// A node that wants one lease, over a link of its own.
struct Contender {
  Contender(testing::VirtualTime& world, testing::SimulatedRegistry& registry, std::string id,
            const LeaseOptions& options = {}, double rate = 1.0)
      : link(registry.link()),
        scheduler(std::make_shared<testing::PausableScheduler>(world.scheduler(rate))),
        lease(std::make_shared<Lease>(
            Lease::Setup{
                .registry = link,
                .scheduler = scheduler,
                .key = "leader",
                .holder = std::move(id),
                .options = options,
                .log = [this](LogLevel, std::string_view text) { logged.emplace_back(text); }},
            Lease::Events{.acquired = [this](const auto& tenure) { tenures.push_back(tenure); },
                          .lost = [this](const std::string& why) { lost.push_back(why); },
                          .refused = [this](const Error& error) { refused.push_back(error); }})) {
    watch = link->watch(
        {.on_entry =
             [this](const Registry::Entry& entry) {
               scheduler->post([kept = lease, entry] { kept->see(entry); });
             },
         .on_live =
             [this](bool live) { scheduler->post([kept = lease, live] { kept->live(live); }); }});
  }

  void want() {
    scheduler->post([kept = lease] { kept->want(); });
  }
  void release() {
    scheduler->post([this, kept = lease] { kept->release([this] { ++released; }); });
  }
  void crash() {
    scheduler->crash();
    link->cut();
  }

  [[nodiscard]] bool holds() const { return lease->tenure() && lease->tenure()->is_held(); }
  [[nodiscard]] std::uint64_t epoch() const { return lease->tenure()->epoch(); }

  std::shared_ptr<testing::SimulatedLink> link;
  std::shared_ptr<testing::PausableScheduler> scheduler;
  std::vector<std::shared_ptr<Tenure>> tenures;
  std::vector<std::string> lost;
  std::vector<Error> refused;
  std::vector<std::string> logged;
  int released = 0;
  std::shared_ptr<Lease> lease;
  std::unique_ptr<Registry::WatchHandle> watch;
};

}  // namespace aether
