// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/read_model.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/model_schema.hpp"

#include <functional>
#include <string>

namespace aether::sqlite {

/// The connection that writes a read model, with what its handlers must not do refused while
/// `guard` says so.
class ModelFile {
 public:
  /// Opens the file, and makes the model where it is empty. Says nothing about its schema.
  [[nodiscard]] static Result<ModelFile> open(const std::string& path,
                                              const ReadModelOptions& options);

  [[nodiscard]] const Connection& connection() const { return connection_; }

  /// Runs `work` in a transaction, which is undone when it fails.
  [[nodiscard]] Result<void> transact(const std::function<Result<void>()>& work) const;

  [[nodiscard]] bool is_in_transaction() const {
    return sqlite3_get_autocommit(connection_.raw()) == 0;
  }

  /// Runs `work` with statements of the user's, none of which can commit.
  [[nodiscard]] Result<void> guarded(const std::function<Result<void>()>& work) const;

 private:
  explicit ModelFile(Connection connection) : connection_(std::move(connection)) {}
  [[nodiscard]] Result<void> make(const ReadModelOptions& options) const;
  [[nodiscard]] Result<void> make_users_tables(const std::string& sql) const;

  Connection connection_;
  std::unique_ptr<bool> guard_ = std::make_unique<bool>(false);  // what SQLite's callback looks at
};

}  // namespace aether::sqlite
