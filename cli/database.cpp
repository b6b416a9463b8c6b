// SPDX-License-Identifier: Apache-2.0
#include "database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>

namespace aether::cli::testing {
namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open(const std::string& path) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  return Database(database);
}

int keep_first(void* rows, int /*columns*/, char** values, char** /*names*/) {
  static_cast<std::vector<std::string>*>(rows)->emplace_back(values[0] == nullptr ? "" : values[0]);
  return 0;
}

std::vector<std::string> execute(const Database& database, const std::string& sql) {
  std::vector<std::string> rows;
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(database.get(), sql.c_str(), keep_first, &rows, &message), SQLITE_OK)
      << sql << ": " << (message == nullptr ? "" : message);
  sqlite3_free(message);
  return rows;
}

}  // namespace

std::vector<std::string> query(const std::string& path, const std::string& sql) {
  return execute(open(path), sql);
}

void tamper(const std::string& path, const std::string& sql) {
  const Database database = open(path);
  const auto triggers =
      execute(database, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
  const auto names =
      execute(database, "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
  EXPECT_FALSE(triggers.empty());
  for (const auto& name : names) execute(database, "DROP TRIGGER " + name);
  execute(database, sql);
  for (const auto& trigger : triggers) execute(database, trigger);
  execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace aether::cli::testing
