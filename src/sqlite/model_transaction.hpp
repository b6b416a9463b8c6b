// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/transaction.hpp"
#include "sqlite/connection.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::sqlite {

/// The handlers' statements on a read model's connection, which must outlive it.
class ModelTransaction final : public Transaction {
 public:
  explicit ModelTransaction(const Connection& connection) : connection_(connection) {}

  Result<void> execute(std::string_view sql, std::initializer_list<Parameter> parameters) override;
  [[nodiscard]] Result<std::vector<Row>> query(
      std::string_view sql, std::initializer_list<Parameter> parameters) override;
  [[nodiscard]] sqlite3* raw() override { return connection_.raw(); }

  /// After the schema was replaced.
  void forget_statements() { statements_.clear(); }

  /// What went wrong with the database, and not with a statement, since this was asked last.
  [[nodiscard]] std::optional<Error> take_trouble() { return std::exchange(trouble_, {}); }

 private:
  using RowSink = std::function<void(sqlite3_stmt*)>;

  [[nodiscard]] Result<void> run(std::string_view sql, std::initializer_list<Parameter> parameters,
                                 const RowSink& sink);
  [[nodiscard]] Result<sqlite3_stmt*> prepared(std::string_view sql);
  [[nodiscard]] std::unexpected<Error> failed(std::string_view sql, int code);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Connection& connection_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> statements_;
  std::optional<Error> trouble_;
};

}  // namespace aether::sqlite
