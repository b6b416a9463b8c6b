// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aether::cli {

struct Column {
  std::string title;
  enum class Align : std::uint8_t { left, right } align = Align::left;
  std::size_t width = 0;  ///< at least; the last column takes what it needs
};

/// A table for people: aligned columns under a header, the last column cut at the edge of a
/// terminal.
///
/// It can be endless: the first rows are kept until the columns' widths are known, the others are
/// written at once, and a wider cell widens its column from there on.
class Table {
 public:
  Table(Output& out, const Style& style, std::vector<Column> columns);

  /// One cell a column, escaped already (`escape`, `escape_json`).
  void add(std::vector<std::string> cells, Ink ink = Ink::plain);

  /// Writes what was kept: at the end, and before waiting for more rows.
  void settle();

  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  struct Row {
    std::vector<std::string> cells;
    Ink ink;
  };
  void widen(const Row& row);
  void write(const Row& row);

  Output& out_;
  Style style_;
  std::vector<Column> columns_;
  std::vector<Row> kept_;
  bool settled_ = false;
  std::uint64_t rows_ = 0;
};

}  // namespace aether::cli
