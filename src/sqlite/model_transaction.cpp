// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_transaction.hpp"

#include "core/text.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace aether::sqlite {

namespace {

constexpr std::size_t kMaxKeptStatements = 200;  // more texts than that hold values

int bind(sqlite3_stmt* statement, int index, const Parameter& parameter) {
  return std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        // An empty view may have a null pointer, which SQLite would take for NULL.
        if constexpr (std::is_same_v<T, std::nullptr_t>) {
          return sqlite3_bind_null(statement, index);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return sqlite3_bind_int64(statement, index, value);
        } else if constexpr (std::is_same_v<T, double>) {
          return sqlite3_bind_double(statement, index, value);
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return sqlite3_bind_text64(statement, index, value.empty() ? "" : value.data(),
                                     value.size(), SQLITE_STATIC, SQLITE_UTF8);
        } else {
          return sqlite3_bind_blob64(statement, index,
                                     value.bytes.empty() ? "" : value.bytes.data(),
                                     value.bytes.size(), SQLITE_STATIC);
        }
      },
      parameter.value());
}

Row::Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_NULL:
      return nullptr;
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return bytes == nullptr ? std::string() : std::string(bytes, size);
    }
  }
}

/// Of the database, and not of the statement: then nobody knows what the statement did.
bool is_trouble(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Row::is_null(std::size_t column) const {
  return column >= values_.size() || std::holds_alternative<std::nullptr_t>(values_[column]);
}

std::int64_t Row::integer(std::size_t column) const {
  if (column >= values_.size()) return 0;
  if (const auto* number = std::get_if<std::int64_t>(&values_[column])) return *number;
  const auto* real = std::get_if<double>(&values_[column]);
  constexpr double kLimit = 9'223'372'036'854'775'807.0;
  return real != nullptr && *real > -kLimit && *real < kLimit ? static_cast<std::int64_t>(*real)
                                                              : 0;
}

double Row::real(std::size_t column) const {
  if (column >= values_.size()) return 0;
  if (const auto* real = std::get_if<double>(&values_[column])) return *real;
  return static_cast<double>(integer(column));
}

std::string_view Row::text(std::size_t column) const {
  if (column >= values_.size()) return {};
  const auto* text = std::get_if<std::string>(&values_[column]);
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

Result<void> ModelTransaction::execute(std::string_view sql,
                                       std::initializer_list<Parameter> parameters) {
  return run(sql, parameters, {});
}

Result<std::vector<Row>> ModelTransaction::query(std::string_view sql,
                                                 std::initializer_list<Parameter> parameters) {
  std::vector<Row> rows;
  auto done = run(sql, parameters, [&](sqlite3_stmt* statement) {
    std::vector<Row::Value> values;
    const int count = sqlite3_column_count(statement);
    values.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) values.push_back(column(statement, i));
    rows.emplace_back(std::move(values));
  });
  if (!done) return std::unexpected(std::move(done.error()));
  return rows;
}

Result<void> ModelTransaction::run(std::string_view sql,
                                   std::initializer_list<Parameter> parameters,
                                   const RowSink& sink) {
  const auto statement = prepared(sql);
  if (!statement) return std::unexpected(statement.error());
  int code = SQLITE_OK;
  if (static_cast<int>(parameters.size()) != sqlite3_bind_parameter_count(*statement)) {
    return fail(Errc::invalid_argument, concat("the statement ", quoted(sql), " has ",
                                               sqlite3_bind_parameter_count(*statement),
                                               " parameters, and was given ", parameters.size()));
  }
  int index = 0;
  for (const Parameter& parameter : parameters) {
    if (!parameter.fits()) {
      return fail(Errc::too_large, concat("parameter ", index + 1, " of ", quoted(sql),
                                          " is larger than SQLite's integers"));
    }
    code = bind(*statement, ++index, parameter);
    if (code != SQLITE_OK) return failed(sql, code);
  }
  while ((code = sqlite3_step(*statement)) == SQLITE_ROW) {
    if (sink) sink(*statement);
  }
  code = code == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(raw());
  auto result = code == SQLITE_OK ? Result<void>() : failed(sql, code);
  sqlite3_reset(*statement);
  sqlite3_clear_bindings(*statement);  // they refer to what the caller gave
  return result;
}

Result<sqlite3_stmt*> ModelTransaction::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  std::unique_ptr<sqlite3_stmt, Finalize> owner(statement);
  if (code != SQLITE_OK) return failed(sql, code);
  const std::string_view behind(rest, sql.data() + sql.size());
  if (statement == nullptr || behind.find_first_not_of(" \t\n;") != std::string_view::npos) {
    return fail(Errc::invalid_argument,
                concat(quoted(sql), " is not one statement: give them one by one"));
  }
  if (statements_.size() >= kMaxKeptStatements) statements_.clear();
  statements_.emplace(sql, std::move(owner));
  return statement;
}

std::unexpected<Error> ModelTransaction::failed(std::string_view sql, int code) {
  if (is_trouble(code)) {
    trouble_ = connection_.error(code, concat("the statement ", quoted(sql)));
    return std::unexpected(*trouble_);
  }
  const bool is_large = (code & 0xff) == SQLITE_TOOBIG;
  const std::string_view advice =
      (code & 0xff) == SQLITE_AUTH
          ? ": a handler must not end its transaction, change settings, or write to aether_ tables"
          : "";
  return fail(is_large ? Errc::too_large : Errc::invalid_argument,
              concat("the statement ", quoted(sql), " failed: ", sqlite3_errmsg(raw()), advice,
                     " (SQLite ", code, ")"));
}

}  // namespace aether::sqlite
