// SPDX-License-Identifier: Apache-2.0
//
// lease_peer URLS FOLDER ID TTL [reckless]: one of several processes that stand for one leadership,
// over and over, until it is killed. What it knows of its own tenures it writes to FOLDER/ID.<pid>.
// TTL is in milliseconds. A reckless one goes on for a while after its lease is over.
#include "aether/cluster/election.hpp"
#include "aether/nats/registry.hpp"
#include "election/tenure_log.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace aether::tests {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "lease_peer: " << why << '\n';
  std::_Exit(1);
}

/// As an application does: it looks before each thing it does, and does it again and again.
void lead(const Leadership& leadership, TenureLog& log) {
  log.begin(leadership.epoch(), boot_time());
  while (true) {
    const std::int64_t now = boot_time();
    if (!leadership.is_held()) return;
    log.extend(now);
    std::this_thread::sleep_for(milliseconds(1));
  }
}

void lead_on(TenureLog& log, milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    log.extend(boot_time());
    std::this_thread::sleep_for(milliseconds(1));
  }
}

std::shared_ptr<Registry> open(const std::string& url) {
  while (true) {
    auto connection = nats::connect(
        {.urls = {url}, .reconnect = {.wait = milliseconds(20), .jitter = milliseconds(20)}});
    if (connection) {
      auto registry =
          nats::open_registry(std::move(*connection), *Namespace::parse("test"), {.create = false});
      if (registry) return std::move(*registry);
      std::cerr << "opening: " << registry.error().message << '\n';
    }
    std::this_thread::sleep_for(milliseconds(20));  // its server may be away just now
  }
}

[[noreturn]] void run(std::span<char*> arguments) {
  const std::string url = arguments[1];
  const std::string id = arguments[3];
  const milliseconds ttl(std::atoi(arguments[4]));  // NOLINT(cert-err34-c): the test's own
  const bool is_reckless = arguments.size() > 5 && std::string_view(arguments[5]) == "reckless";
  TenureLog log(std::string(arguments[2]) + "/" + id + "." + std::to_string(getpid()));

  auto scheduler = make_scheduler();
  if (!scheduler) give_up(scheduler.error().message);
  auto election = Election::make(
      open(url), std::move(*scheduler),
      {.id = id,
       .lease = {.ttl = ttl, .renew = ttl / 4, .margin = std::min(ttl / 20, milliseconds(50))},
       .log = [](LogLevel, std::string_view message) { std::cerr << message << '\n'; }});
  if (!election) give_up(election.error().message);
  while (true) {
    auto leadership = (*election)->acquire({}, std::chrono::seconds(30));
    if (!leadership) {
      std::cerr << "standing: " << leadership.error().message << '\n';
      continue;
    }
    lead(*leadership, log);
    if (is_reckless) lead_on(log, ttl * 2);
  }
}

}  // namespace
}  // namespace aether::tests

int main(int count, char** arguments) {
  constexpr int kFewest = 5;
  if (count < kFewest) return 2;
  aether::tests::run({arguments, static_cast<std::size_t>(count)});
}
