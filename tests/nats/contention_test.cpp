// SPDX-License-Identifier: Apache-2.0
//
// Writers that want the same place in an actor's history. script/nats-test does it at full length.
#include "nats/api.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/session.hpp"
#include "nats/settings.hpp"
#include "nats/stream_config.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace aether::tests {
namespace {

constexpr std::size_t kWriters = 4;

std::string id_of(std::size_t round, std::size_t writer) {
  return std::to_string(round) + "/" + std::to_string(writer);
}

using Outcomes = std::vector<std::vector<Result<Appended>>>;  // [round][writer]

/// All of `stores` append at the same version, round after round.
Outcomes race(const std::vector<std::unique_ptr<nats::Store>>& stores, std::size_t rounds) {
  Outcomes outcomes(rounds, std::vector<Result<Appended>>(stores.size()));
  std::barrier<> together(static_cast<std::ptrdiff_t>(stores.size()));
  testing::run_together(stores.size(), [&](std::size_t writer) {
    for (std::size_t round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      outcomes[round][writer] = stores[writer]->append({.id = id_of(round, writer),
                                                        .event_type = "Raced",
                                                        .actor_id = "order-1",
                                                        .version = round + 1});
    }
  });
  return outcomes;
}

// The suite races through one store, which puts its own appends in a row. Here the server decides.
TEST(JetStreamContention, OneWriterWinsEachRound) {
  const std::size_t rounds = setting("AETHER_NATS_ROUNDS", 200);
  const Namespace ns = take_namespace();
  std::vector<std::unique_ptr<nats::Store>> stores;
  for (std::size_t i = 0; i < kWriters; ++i) stores.push_back(open_store(connect(), ns));

  const Outcomes outcomes = race(stores, rounds);

  std::vector<std::string> winners;
  std::vector<std::size_t> wins(kWriters);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      const Result<Appended>& outcome = outcomes[round][writer];
      if (outcome) {
        winners.push_back(id_of(round, writer));
        ++wins[writer];
      } else {
        EXPECT_THAT(outcome, testing::ConflictsAt(round + 1));
      }
    }
    ASSERT_EQ(winners.size(), round + 1) << "winners up to round " << round;
  }
  const auto stored = stores.front()->read("order-1");
  ASSERT_THAT(stored, testing::Succeeds());
  std::vector<std::string> stored_ids;
  for (const EventPtr& event : *stored) stored_ids.push_back(event->id);
  EXPECT_EQ(stored_ids, winners);
  std::cout << rounds << " rounds, one winner in each; the writers won";
  for (const std::size_t count : wins) std::cout << " " << count;
  std::cout << "\n";
}

/// A writer without a store: it publishes on the condition that it is given, and does no more.
class BareWriter {
 public:
  explicit BareWriter(const Namespace& ns)
      : connection_(connect()),
        api_(nats::Session::of(*connection_).transport(),
             nats::Session::of(*connection_).requests(), nats::event_stream_name(ns)) {}

  [[nodiscard]] std::future<nats::ApiResult<nats::Stored>> publish(const std::string& subject,
                                                                   std::uint64_t expected) {
    const std::string sequence = std::to_string(expected);
    const nats::Header header{.name = "Nats-Expected-Last-Subject-Sequence", .value = sequence};
    auto reply = std::make_shared<std::promise<nats::ApiResult<nats::Stored>>>();
    api_.publish(subject, {&header, 1}, "{}", std::chrono::seconds(30),
                 [reply](nats::ApiResult<nats::Stored> stored) { reply->set_value(stored); });
    return reply->get_future();
  }

 private:
  std::shared_ptr<nats::Connection> connection_;
  nats::StreamApi api_;
};

// The proof that the race above is one: on old servers with replicas the condition that others rely
// on lets several writers through, and is all that this one relies on.
TEST(JetStreamContention, TheExpectedSequenceAloneHoldsButOnOldServersWithReplicas) {
  const std::size_t rounds = setting("AETHER_NATS_BARE_ROUNDS", 50);
  const bool is_broken = chosen_version() == ServerVersion::v2_9 && servers().replicas() > 1;
  const Namespace ns = take_namespace();
  const std::string subject = event_subject(ns, "order-1");
  std::vector<std::unique_ptr<BareWriter>> writers;
  for (std::size_t i = 0; i < kWriters; ++i) writers.push_back(std::make_unique<BareWriter>(ns));

  std::uint64_t last = 0;
  std::size_t contested = 0;  // rounds with more than one winner
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::future<nats::ApiResult<nats::Stored>>> replies;
    for (const auto& writer : writers) replies.push_back(writer->publish(subject, last));
    std::size_t winners = 0;
    for (auto& reply : replies) {
      const auto stored = reply.get();
      if (!stored) {
        ASSERT_NE(stored.error().error.code, Errc::outcome_unknown) << stored.error().error.message;
        continue;
      }
      ++winners;
      last = std::max(last, stored->sequence);
    }
    EXPECT_GE(winners, 1U) << "round " << round;
    if (winners > 1) ++contested;
  }

  std::cout << contested << " of " << rounds << " rounds had more than one winner\n";
  if (is_broken) {
    EXPECT_GT(contested, 0U) << "the races are too slow to tell a broken check from a right one";
  } else {
    EXPECT_EQ(contested, 0U);
  }
}

}  // namespace
}  // namespace aether::tests
