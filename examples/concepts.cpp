// SPDX-License-Identifier: Apache-2.0
//
// The snippets of the README, as one program: it checks what they claim, and fails if one is wrong.
#include <aether/json/json.hpp>
#include <aether/store/audit.hpp>
#include <aether/store/memory.hpp>
#include <aether/store/replay.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>

// [state]
struct Account {
  int balance = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Account, balance)

aether::Result<Account> evolve(Account account, const aether::Event& event) {
  const auto amount = aether::json::decode<int>(event.data);
  if (!amount) return std::unexpected(amount.error());  // ends the replay, which says where
  account.balance += event.event_type == "Deposited" ? *amount : -*amount;
  return account;
}
// [/state]

// [retry]
aether::Result<aether::Appended> withdraw(aether::EventStore& store, int amount) {
  while (true) {
    const auto account = aether::replay(store, "account-1", Account{}, evolve);
    if (!account) return std::unexpected(account.error());
    if (account->state.balance < amount) {
      return aether::fail(aether::Errc::invalid_argument, "not enough money");
    }
    auto appended = store.append({.event_type = "Withdrawn",
                                  .actor_id = "account-1",
                                  .data = aether::json::encode(amount).value()},
                                 {.expected_version = account->version});
    if (appended || appended.error().code != aether::Errc::version_conflict) return appended;
    // Somebody was faster: read it again, decide again, append again.
  }
}
// [/retry]

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "this does not hold: %s\n", what);
  std::exit(1);
}

}  // namespace

int main() {
  const auto store = aether::make_memory_event_store();
  const auto snapshots = aether::make_memory_snapshot_store();
  const auto deposited = store->append(
      {.event_type = "Deposited", .actor_id = "account-1", .data = aether::Data::json("100")});
  require(deposited.has_value(), "a deposit is appended");
  require(withdraw(*store, 30).has_value(), "30 of 100 can be withdrawn");
  require(!withdraw(*store, 80), "80 of 70 cannot be withdrawn");

  // [snapshot]
  const auto codec = aether::json::snapshot_codec<Account>("account/1");
  const auto now =
      aether::replay(*store, *snapshots, codec, "account-1", Account{}, evolve).value();
  const auto saved = aether::save_snapshot(*snapshots, codec, "account-1", now.state, now.version);

  const auto before = aether::replay(*store, "account-1", Account{}, evolve, {.until_version = 1});
  // [/snapshot]
  require(saved.has_value(), "a snapshot is saved");
  require(before->state.balance == 100, "the balance was 100 at version 1");
  require(aether::replay(*store, *snapshots, codec, "account-1", Account{}, evolve)->events == 0,
          "with a snapshot nothing is left to replay");

  std::promise<void> seen_both;
  int seen = 0;
  // [subscribe]
  auto subscription =
      store->subscribe({.category = "account"}, 0,  // from the beginning
                       [&](const aether::EventPtr& event) {
                         std::printf("%s %s\n", event->actor_id.c_str(), event->event_type.c_str());
                         if (++seen == 2) seen_both.set_value();
                       });
  // [/subscribe]
  require(subscription.has_value(), "one can subscribe");
  seen_both.get_future().wait();

  require(aether::verify(*store)->finding_count == 0, "verify finds nothing");

  const auto renamed = store->append(
      {.event_type = "Renamed", .actor_id = "account-1", .data = aether::Data::json(R"("Eva")")});
  require(renamed.has_value(), "what is no amount is appended, too");
  require(!aether::replay(*store, "account-1", Account{}, evolve), "it cannot be folded");
}
