// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

struct sqlite3;

namespace aether::sqlite {

/// Bytes that are no text.
struct Blob {
  std::string_view bytes{};
};

/// A value for a `?1` in a statement: a number, a text, a `Blob`, or `nullptr` for NULL. Refers to
/// what it was made from.
class Parameter {
 public:
  using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

  Parameter(std::nullptr_t) {}                        // NOLINT(google-explicit-constructor)
  Parameter(double number) : value_(number) {}        // NOLINT(google-explicit-constructor)
  Parameter(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
  Parameter(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  Parameter(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  Parameter(Blob blob) : value_(blob) {}  // NOLINT(google-explicit-constructor)
  /// SQLite's integers are signed: what is larger is refused with `too_large`.
  template <std::integral Integer>
  Parameter(Integer number)  // NOLINT(google-explicit-constructor)
      : value_(static_cast<std::int64_t>(number)), fits_(std::in_range<std::int64_t>(number)) {}
  Parameter(bool flag) : value_(std::int64_t{flag}) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const Value& value() const { return value_; }
  [[nodiscard]] bool fits() const { return fits_; }

 private:
  Value value_ = nullptr;
  bool fits_ = true;
};

/// A row that a query gave. Columns count from 0; one that is not there is NULL.
class Row {
 public:
  using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t column) const;   ///< 0 where it is no number
  [[nodiscard]] double real(std::size_t column) const;            ///< 0 where it is no number
  [[nodiscard]] std::string_view text(std::size_t column) const;  ///< also a blob's bytes; else ""
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<Value> values_;
};

/// What the handler of a read model works with: the transaction that will also keep the checkpoint.
/// Whatever is done by it is kept together with the checkpoint, or not at all.
///
/// A handler must not end the transaction, nor write to the tables `aether_…`: such statements are
/// refused. Valid only while the handler runs, on its thread.
class Transaction {
 public:
  virtual ~Transaction() = default;

  /// Runs one statement; `?1` is the first of `parameters`. Statements are prepared once and kept
  /// by their text: so put values into parameters.
  ///
  /// Errors: `invalid_argument` (the statement, a constraint), `too_large`; and those of the
  /// database, after which the step is undone and tried again, whatever the handler returns.
  virtual Result<void> execute(std::string_view sql,
                               std::initializer_list<Parameter> parameters = {}) = 0;

  /// The same for a statement that gives rows: all of them.
  [[nodiscard]] virtual Result<std::vector<Row>> query(
      std::string_view sql, std::initializer_list<Parameter> parameters = {}) = 0;

  /// The connection, for what SQLite's own interface is needed for. Statements that are made with
  /// it must be finalized before the handler returns.
  [[nodiscard]] virtual sqlite3* raw() = 0;
};

}  // namespace aether::sqlite
