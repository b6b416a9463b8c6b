// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "sqlite/test_folder.hpp"
#include "sqlite/test_sql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace aether::sqlite {
namespace {

using ::testing::HasSubstr;

Event order_placed() { return {.event_type = "OrderPlaced", .actor_id = "order-1"}; }

/// A database whose files change their names under a store that writes to it. What is stored then
/// would be lost to all who come by the name.
class MovedTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(store_->append(order_placed())); }

  std::string database() const { return folder_.file("events.db"); }
  std::string file() const { return database() + GetParam(); }

  void expect_refusal() const {
    const auto appended = store_->append(order_placed());
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, Errc::unavailable);
    EXPECT_THAT(appended.error().message, HasSubstr(file() + "\" was moved, replaced or removed"));
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_ = open(database()).value();
};

TEST_P(MovedTest, NothingIsAppendedUntilItIsBack) {
  std::filesystem::rename(file(), folder_.file("away"));

  expect_refusal();
  std::filesystem::rename(folder_.file("away"), file());
  EXPECT_TRUE(store_->append(order_placed()));
  EXPECT_EQ(store_->latest_version("order-1"), 2U);
}

TEST_P(MovedTest, NothingIsAppendedOnceItIsRemoved) {
  std::filesystem::remove(file());

  expect_refusal();
}

TEST_P(MovedTest, NothingIsAppendedOnceItIsReplaced) {
  std::filesystem::copy_file(file(), folder_.file("copy"));
  std::filesystem::rename(folder_.file("copy"), file());

  expect_refusal();
}

INSTANTIATE_TEST_SUITE_P(Files, MovedTest, ::testing::Values("", "-wal", "-shm", "-lock"),
                         [](const auto& tested) {
                           const std::string name = tested.param;
                           return name.empty() ? "database" : name.substr(1);
                         });

TEST_P(MovedTest, AnAppendThatWaitedForALockNoticesItToo) {
  Sql other(database());
  other.run("BEGIN IMMEDIATE");
  std::promise<Result<Appended>> outcome;
  store_->append_async({order_placed()}, {},
                       [&](Result<Appended> appended) { outcome.set_value(std::move(appended)); });
  std::filesystem::rename(file(), folder_.file("away"));
  other.run("COMMIT");

  EXPECT_EQ(outcome.get_future().get().error().code, Errc::unavailable);
}

class MovedDatabaseTest : public MovedTest {};

TEST_P(MovedDatabaseTest, IsNotReadByItsOldName) {
  ASSERT_EQ(store_->latest_version("order-1"), 1U);
  std::filesystem::rename(file(), folder_.file("away"));

  EXPECT_EQ(store_->latest_version("order-1").error().code, Errc::not_found);
  EXPECT_EQ(store_->read_all({}, 0, 10).error().code, Errc::not_found);
}

TEST_P(MovedDatabaseTest, EndsASubscriptionWithTheReason) {
  std::promise<void> first;
  auto subscription = store_->subscribe({}, 0, [&](const EventPtr&) { first.set_value(); }).value();
  first.get_future().wait();
  std::filesystem::rename(file(), folder_.file("away"));

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (subscription.status().active && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  ASSERT_FALSE(subscription.status().active);
  EXPECT_EQ(subscription.status().error->code, Errc::not_found);
}

TEST_P(MovedDatabaseTest, WithASecondNameIsNotAppendedTo) {
  std::filesystem::create_hard_link(file(), folder_.file("second"));

  EXPECT_EQ(store_->append(order_placed()).error().code, Errc::unavailable);
}

INSTANTIATE_TEST_SUITE_P(Files, MovedDatabaseTest, ::testing::Values(""));

}  // namespace
}  // namespace aether::sqlite
