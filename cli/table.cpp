// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "text.hpp"

#include <algorithm>
#include <utility>

namespace aether::cli {
namespace {

constexpr std::size_t kKeptRows = 200;  // enough to see how wide the columns are
constexpr std::size_t kGap = 2;

}  // namespace

Table::Table(Output& out, const Style& style, std::vector<Column> columns)
    : out_(out), style_(style), columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells, Ink ink) {
  Row row{.cells = std::move(cells), .ink = ink};
  ++rows_;
  widen(row);
  if (settled_) return write(row);
  kept_.push_back(std::move(row));
  if (kept_.size() == kKeptRows) settle();
}

void Table::settle() {
  if (!settled_ && !kept_.empty()) {
    settled_ = true;
    Row header{.cells = {}, .ink = Ink::dim};
    for (const Column& column : columns_) header.cells.push_back(column.title);
    widen(header);
    write(header);
  }
  for (const Row& row : std::exchange(kept_, {})) write(row);
}

void Table::widen(const Row& row) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].width = std::max(columns_[i].width, display_width(row.cells[i]));
  }
}

void Table::write(const Row& row) {
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    const std::string& cell = row.cells[i];
    const bool last = i + 1 == columns_.size();
    const std::size_t padding = column.width - display_width(cell);
    if (column.align == Column::Align::right) line.append(padding, ' ');
    if (last && style_.width > used) {
      line += shorten(cell, style_.width - used);
    } else {
      line += cell;
    }
    if (column.align == Column::Align::left && !last) line.append(padding, ' ');
    if (!last) line.append(kGap, ' ');
    used += column.width + kGap;
  }
  out_.write(paint(line, row.ink, style_) + "\n");
}

}  // namespace aether::cli
