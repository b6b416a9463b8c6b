// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/projector.hpp"
#include "aether/projection/rebuild.hpp"
#include "aether/sqlite/read_model.hpp"
#include "aether/store/memory.hpp"
#include "sqlite/test_folder.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace aether::sqlite {

/// Another program's connection, which is kept open.
class Program {
 public:
  explicit Program(const std::string& path) {
    sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_busy_timeout(database_, 5'000);
  }
  ~Program() { sqlite3_close(database_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::vector<std::string> ask(const std::string& sql) {
    std::vector<std::string> rows;
    const auto take = [](void* out, int, char** columns, char**) {
      static_cast<std::vector<std::string>*>(out)->emplace_back(columns[0] ? columns[0] : "NULL");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), take, &rows, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_);
    return rows;
  }

 private:
  sqlite3* database_ = nullptr;
};

class RebuildFixture : public ::testing::Test {
 protected:
  /// A model whose rows carry a tag, as another handler would make them.
  [[nodiscard]] ReadModelOptions tagged(const std::string& tag) {
    ReadModelOptions options{.schema = "log/" + tag,
                             .create = "CREATE TABLE log (tag TEXT, actor TEXT, type TEXT)"};
    const auto handle = [this, tag](Transaction& transaction,
                                    const EventPtr& event) -> Result<void> {
      ++handled_;
      if (event->event_type == "Bad" && is_bad_) return fail(Errc::not_found, "bad");
      if (event->event_type == "Down" && is_down_) return fail(Errc::unavailable, "down");
      if (event->event_type == "Gate" && !gate_.pass()) return fail(Errc::closed, "no patience");
      return transaction.execute("INSERT INTO log VALUES (?1, ?2, ?3)",
                                 {tag, event->actor_id, event->event_type});
    };
    options.handlers["log"] = handle;
    options.handlers["other"] = [this, handle](Transaction& transaction, const EventPtr& event) {
      const bool is_bad = event->event_type == "Bad to other" && is_bad_to_other_;
      return is_bad ? fail(Errc::not_found, "bad to other") : handle(transaction, event);
    };
    return options;
  }

  void open(const std::string& tag) {
    model_.reset();
    auto options = tagged(tag);
    options.accept_outdated = true;
    model_ = open_read_model(path_, options).value();
  }
  [[nodiscard]] std::unique_ptr<Projector> start(const std::string& name = "log") {
    return start_projector(*store_, *model_, {.name = name}, options_).value();
  }
  Position append(const std::string& actor, const std::string& type = "Changed") {
    return store_->append({.event_type = type, .actor_id = actor}).value().position;
  }
  static void reach(Projector& projector, Position position) {
    const auto reached = projector.wait_until(position, aether::testing::patience());
    ASSERT_TRUE(reached) << reached.error().message;
  }
  /// A model of tag 1 with `events` events, as a program left it.
  void make_old(int events) {
    open("1");
    Position last = 0;
    for (int i = 0; i < events; ++i) last = append("order-" + std::to_string(i % 7));
    reach(*start(), last);
  }
  [[nodiscard]] std::vector<std::string> ask(const std::string& sql) const {
    return Program(path_).ask(sql);
  }
  [[nodiscard]] bool twin_is_there() const { return std::filesystem::exists(path_ + ".rebuild"); }

  TestFolder folder_;
  std::string path_ = folder_.file("log.db");
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  std::unique_ptr<ReadModel> model_;
  ProjectorOptions options_{.max_attempts = 2,
                            .first_retry = std::chrono::milliseconds(1),
                            .last_retry = std::chrono::milliseconds(2),
                            .look_interval = std::chrono::milliseconds(5)};
  RebuildOptions rebuild_{.projector = options_};
  std::atomic<int> handled_ = 0;
  std::atomic<bool> is_bad_ = true;
  std::atomic<bool> is_bad_to_other_ = false;
  std::atomic<bool> is_down_ = false;
  aether::testing::Gate gate_;
};

}  // namespace aether::sqlite
