// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"
#include "aether/sqlite/read_model.hpp"
#include "aether/sqlite/store.hpp"
#include "cli_fixture.hpp"
#include "testing/waiting.hpp"

#include <atomic>
#include <chrono>
#include <memory>

namespace aether::cli::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A read model of orders, and the projector that feeds it as a user's program does.
class ProjectionTest : public CliTest {
 protected:
  void TearDown() override {
    stop_feeding();  // it makes files in the folder
    CliTest::TearDown();
  }

  [[nodiscard]] std::string model_file() const { return path("model.db"); }

  Result<void> handle(sqlite::Transaction& model, const EventPtr& event) {
    if (event->event_type == refused_type_ && is_refusing_) {
      return fail(Errc::invalid_argument, "no such product");
    }
    return model.execute("INSERT INTO seen VALUES (?1, ?2)", {event->actor_id, event->version});
  }

  void feed() {
    store_ = *sqlite::open(database(), {.access = sqlite::Access::read_only});
    model_ = *sqlite::open_read_model(
        model_file(),
        {.schema = "seen/1",
         .create = "CREATE TABLE seen (actor TEXT, version INTEGER)",
         .handlers = {{"orders", [this](sqlite::Transaction& model, const EventPtr& event) {
                         return handle(model, event);
                       }}}});
    projector_ = *start_projector(
        *store_, *model_, {.name = "orders", .filter = {.category = "order"}},
        {.max_attempts = 1, .first_retry = 1ms, .last_retry = 1ms, .look_interval = 20ms});
  }
  void stop_feeding() {
    projector_.reset();
    model_.reset();
    store_.reset();
  }
  void reach(Position position) { ASSERT_TRUE(projector_->wait_until(position, 20s).has_value()); }

  /// `args` after "projection", and then the model.
  [[nodiscard]] Finished projection(std::vector<std::string> args,
                                    const std::vector<std::string>& more = {}) const {
    args.insert(args.begin(), "projection");
    args.push_back(model_file());
    args.insert(args.end(), more.begin(), more.end());
    return aether(args);
  }

  const std::string refused_type_ = "OrderPaid";
  std::atomic<bool> is_refusing_ = false;
  std::unique_ptr<EventStore> store_;
  std::unique_ptr<sqlite::ReadModel> model_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(ProjectionTest, LsListsThem) {
  append_orders();
  feed();
  reach(4);

  EXPECT_THAT(projection({"ls"}).out,
              AllOf(HasSubstr("PROJECTION"), ContainsRegex("orders +4 +0 +0 .*category=order")));
  const auto objects_out = objects(projection({"ls"}, {"--json"}).out);
  ASSERT_THAT(objects_out, SizeIs(1));
  EXPECT_EQ(objects_out[0]["key"], "orders");
  EXPECT_EQ(objects_out[0]["position"], 4);
  EXPECT_EQ(objects_out[0]["filter"], "category=order");
}

TEST_F(ProjectionTest, LagCountsWhatIsStillToCome) {
  append_orders();
  feed();
  reach(4);
  const auto none = projection({"lag"});
  stop_feeding();
  append("order-3", "OrderPlaced");
  append("other-1", "Other");
  append("order-3", "OrderPaid");

  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.out, ContainsRegex("orders +4 +0 events +0.0 s"));
  EXPECT_THAT(projection({"lag"}).out, ContainsRegex("orders +4 +2 events"));
  EXPECT_THAT(projection({"lag"}, {"orders", "--cap", "1"}).out, HasSubstr("at least 1 event"));
  const auto lag = objects(projection({"lag"}, {"--json"}).out);
  ASSERT_THAT(lag, SizeIs(1));
  EXPECT_EQ(lag[0]["events"], 2);
  EXPECT_EQ(lag[0]["atLeast"], false);
  EXPECT_GT(lag[0]["seconds"], 0.0);
}

TEST_F(ProjectionTest, ParkedEventsAreListedAndRetried) {
  append_orders();
  is_refusing_ = true;
  feed();
  reach(4);

  const auto listed = projection({"parked"});
  is_refusing_ = false;
  const auto asked = projection({"parked"}, {"--retry", "order-1"});

  EXPECT_THAT(listed.out,
              AllOf(ContainsRegex("orders +3 +order-1 +2 +OrderPaid +[0-9]+ +no such prod"),
                    ContainsRegex("orders +4 +order-1 +3 .*waits for an earlier one")));
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_TRUE(aether::testing::eventually([&] { return projector_->status().parked == 0; }));
  EXPECT_EQ(projection({"parked"}).out, "No parked events.\n");
}

TEST_F(ProjectionTest, ParkedEventsAreDropped) {
  append_orders();
  is_refusing_ = true;
  feed();
  reach(4);

  EXPECT_EQ(projection({"parked"}, {"orders", "--drop", "3"}).exit_code, 0);
  EXPECT_TRUE(aether::testing::eventually([&] { return projector_->status().parked == 1; }));
  EXPECT_EQ(objects(projection({"parked"}, {"--json"}).out)[0]["position"], 4);
  EXPECT_EQ(objects(projection({"ls"}, {"--json"}).out)[0]["dropped"], 1);

  EXPECT_EQ(projection({"parked"}, {"--drop", "3"}).exit_code, 3);
  EXPECT_EQ(projection({"parked"}, {"--drop", "x"}).exit_code, 2);
  EXPECT_EQ(projection({"parked"}, {"--retry", "order-9"}).exit_code, 3);
}

TEST_F(ProjectionTest, RebuildMakesTheModelAnew) {
  append_orders();
  feed();
  reach(4);

  const auto rebuilt = projection({"rebuild"});

  EXPECT_EQ(rebuilt.exit_code, 0) << rebuilt.err;
  EXPECT_EQ(rebuilt.out, "Rebuilt, up to position 4.\n");
  EXPECT_EQ(objects(projection({"rebuild"}, {"--json"}).out)[0]["rebuilt"], true);
}

TEST_F(ProjectionTest, RebuildHandlesDroppedEventsAgainWhereItIsAskedTo) {
  append_orders();
  is_refusing_ = true;
  feed();
  reach(4);
  ASSERT_TRUE(projector_->drop(3));
  is_refusing_ = false;

  EXPECT_EQ(projection({"rebuild"}).exit_code, 0);
  EXPECT_EQ(objects(projection({"ls"}, {"--json"}).out)[0]["dropped"], 1);
  EXPECT_EQ(projection({"rebuild"}, {"--handle-dropped"}).exit_code, 0);
  EXPECT_EQ(objects(projection({"ls"}, {"--json"}).out)[0]["dropped"], 0);
}

TEST_F(ProjectionTest, RebuildSaysWhenItHasFailedOrIsInterrupted) {
  append_orders();
  feed();
  reach(4);
  is_refusing_ = true;  // the new model would have parked events that the old one has not

  const auto failed = projection({"rebuild"});
  const auto listed = projection({"ls"});
  stop_feeding();
  const auto asked = projection({"rebuild"}, {"--no-wait"});
  Program waiting({"projection", "rebuild", model_file()}, {.output_to_terminal = true});
  EXPECT_TRUE(waiting.wait_for("Does a program feed the model?"));
  waiting.signal(SIGINT);

  EXPECT_EQ(failed.exit_code, 5);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("the rebuild has failed"), HasSubstr("no such product")));
  EXPECT_THAT(listed.out, HasSubstr("A rebuild has failed: the new model has 2 events"));
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_EQ(waiting.finish().exit_code, 130);
}

TEST_F(ProjectionTest, AModelWithoutAProjectionIsSaidToHaveNone) {
  ASSERT_TRUE(sqlite::open_read_model(model_file(), {.schema = "seen/1"}));

  const auto asked = projection({"parked"}, {"--retry", "order-1"});

  EXPECT_EQ(asked.exit_code, 3);
  EXPECT_THAT(asked.err, HasSubstr("keeps no projection yet"));
}

TEST_F(ProjectionTest, WhatIsNoReadModelIsSaidToBeSo) {
  append_orders();
  write("text", "no database, but long enough to be one, so that its first bytes are looked at");

  EXPECT_EQ(run({"projection", "ls", path("none.db")}).exit_code, 3);
  const auto events = run({"projection", "ls", database()});
  EXPECT_EQ(events.exit_code, 2);
  EXPECT_THAT(events.err, HasSubstr("event store"));
  EXPECT_NE(run({"projection", "ls", path("text")}).exit_code, 0);
  EXPECT_EQ(run({"projection"}).exit_code, 2);
  EXPECT_EQ(run({"projection", "ls"}).exit_code, 2);
  EXPECT_EQ(run({"projection", "frob", "x"}).exit_code, 2);
  EXPECT_THAT(run({"projection", "--help"}).out,
              AllOf(HasSubstr("ls"), HasSubstr("lag"), HasSubstr("rebuild"), HasSubstr("parked")));
  EXPECT_THAT(run({"projection", "parked", "--help"}).out, HasSubstr("--retry"));
}

TEST_F(ProjectionTest, OneThatIsNotThereIsNotFound) {
  append_orders();
  feed();
  reach(4);

  const auto done = projection({"lag"}, {"bills"});

  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, HasSubstr("bills"));
  EXPECT_THAT(done.out, IsEmpty());
}

}  // namespace
}  // namespace aether::cli::testing
