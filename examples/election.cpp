// SPDX-License-Identifier: Apache-2.0
//
// The snippets of docs/cluster.md, as one program: it checks what they claim, and fails if one is
// wrong.
#include <aether/cluster/election.hpp>
#include <aether/cluster/membership.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

void expect(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing else ends the program
}

/// Waits for what comes soon.
template <class Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 3'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

int reports = 0;

void make_report(std::uint64_t epoch) {
  std::printf("report %d, made in epoch %llu\n", ++reports, static_cast<unsigned long long>(epoch));
}

// [lead]
/// Makes reports while this node leads; another one makes them when it does not.
void run_node(aether::Election& election, std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto leadership = election.acquire(stop);  // waits until the others do not lead
    if (!leadership) return;
    while (leadership->is_held() && !stop.stop_requested()) {
      make_report(leadership->epoch());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }  // what is left of the leadership is given back here, so that the next begins at once
}
// [/lead]

}  // namespace

int main() {
  // [registry]
  auto scheduler = aether::make_scheduler().value();
  auto registry = aether::make_memory_registry(scheduler);  // nodes of one process
  auto election =
      aether::Election::make(registry, scheduler, {.id = "node-a", .name = "reports"}).value();
  // [/registry]
  std::jthread node([&](std::stop_token stop) { run_node(*election, std::move(stop)); });
  expect(soon([&] { return election->leader() == "node-a"; }), "node-a leads");

  // [members]
  auto membership = aether::Membership::join(
                        registry, scheduler,
                        {.id = "node-a", .address = "10.0.0.1:4000", .labels = {{"zone", "eu"}}})
                        .value();
  const auto watch = membership->watch([](const aether::MemberEvent& event) {
    if (event.kind == aether::MemberEvent::Kind::expired) {
      std::printf("%s is gone\n", event.member.node.id.c_str());
    }
  });
  for (const aether::Member& member : membership->members()) {
    std::printf("%s at %s\n", member.node.id.c_str(), member.node.address.c_str());
  }
  // [/members]
  expect(membership->members().size() == 1, "who has joined is a member");
  node.request_stop();
  node.join();
  expect(reports > 0, "the leader makes reports");
  expect(membership->leave().has_value(), "a member leaves");
}
