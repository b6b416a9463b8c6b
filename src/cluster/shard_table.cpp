// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shard_table.hpp"

#include "cluster/json_reader.hpp"
#include "cluster/shard_ranges.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace aether {
namespace {

constexpr std::size_t kMaxTokenBytes = 64;

std::string name_of(const ShardTable::Node& node) { return concat(node.id, "/", node.tenure); }

/// The shards of each owner, by epoch.
using Holdings = std::vector<std::map<std::uint64_t, std::vector<ShardId>>>;

Holdings holdings_of(const ShardTable& table) {
  Holdings holdings(table.nodes.size());
  for (ShardId shard = 0; shard < table.shards.size(); ++shard) {
    const ShardTable::Slot& slot = table.shards[shard];
    if (slot.owner != kNobody) holdings[slot.owner][slot.epoch].push_back(shard);
  }
  return holdings;
}

void append_owners(std::string& out, const ShardTable& table) {
  const Holdings holdings = holdings_of(table);
  for (NodeIndex node = 0; node < table.nodes.size(); ++node) {
    out += concat(node == 0 ? "\"" : ",\"", name_of(table.nodes[node]), "\":{");
    std::string_view comma;
    for (const auto& [epoch, shards] : holdings[node]) {
      out += concat(std::exchange(comma, ","), "\"", epoch, "\":\"",
                    cluster::format_shard_ranges(shards), "\"");
    }
    out += '}';
  }
}

void append_moves(std::string& out, const ShardTable& table) {
  std::string_view comma;
  for (ShardId shard = 0; shard < table.shards.size(); ++shard) {
    const ShardTable::Slot& slot = table.shards[shard];
    if (slot.next == kNobody) continue;
    out += concat(std::exchange(comma, ","), "\"", shard, R"(":{"from":")",
                  name_of(table.nodes[slot.owner]), R"(","to":")", name_of(table.nodes[slot.next]),
                  R"("})");
  }
}

bool is_token(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !text.empty() && text.size() <= kMaxTokenBytes && std::ranges::all_of(text, is_plain);
}

std::optional<ShardTable::Node> parse_node(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || !is_token(name.substr(0, slash)) ||
      !is_token(name.substr(slash + 1))) {
    return std::nullopt;
  }
  return ShardTable::Node{.id = std::string(name.substr(0, slash)),
                          .tenure = std::string(name.substr(slash + 1))};
}

/// Reads a table; what depends on members that may stand further behind is checked at the end.
class TableReader {
 public:
  TableReader(std::string_view text, std::uint32_t shards) : reader_(text) {
    table_.shards.resize(shards);
  }

  Result<ShardTable> read() {
    constexpr std::array<std::string_view, 5> kMembers = {"v", "epoch", "leader_epoch", "owners",
                                                          "moving"};
    const bool good = reader_.object(kMembers, [&](std::size_t member) {
      switch (member) {
        case 0:
          return reader_.version_1();
        case 1:
          return reader_.number(table_.epoch);
        case 2:
          return reader_.number(table_.leader_epoch);
        case 3:
          return reader_.members([&](std::string_view name) { return read_owner(name); });
        default:
          return reader_.members([&](std::string_view name) { return read_move(name); });
      }
    });
    if (!good || !reader_.end() || !sort_nodes() || !check_epochs() || !apply_moves()) {
      return reader_.error("shard table");
    }
    return std::move(table_);
  }

 private:
  struct Move {
    ShardId shard = 0;
    ShardTable::Node from;
    ShardTable::Node to;
  };

  bool read_owner(std::string_view name) {
    auto node = parse_node(name);
    if (!node) return reader_.refuse("an owner is not named <node id>/<tenure>");
    if (table_.nodes.size() == kMaxTableNodes) return reader_.refuse("it has over 256 owners");
    const auto index = static_cast<NodeIndex>(table_.nodes.size());
    table_.nodes.push_back(std::move(*node));
    std::set<std::uint64_t> seen;
    return reader_.members([&](std::string_view key) {
      const auto epoch = cluster::parse_decimal(key);
      if (!epoch || *epoch == 0) return reader_.refuse("an epoch is no number above 0");
      if (!seen.insert(*epoch).second) return reader_.refuse("an epoch stands there twice");
      std::string_view ranges;
      return reader_.text(ranges) && assign(index, *epoch, ranges);
    });
  }

  bool assign(NodeIndex owner, std::uint64_t epoch, std::string_view ranges) {
    const auto shards = cluster::parse_shard_ranges(ranges, table_.shards.size());
    if (!shards) return reader_.refuse("shards are not as in \"0-92,105\", or above the last one");
    for (const ShardId shard : *shards) {
      ShardTable::Slot& slot = table_.shards[shard];
      if (slot.owner != kNobody) return reader_.refuse("a shard has two owners");
      slot = {.owner = owner, .epoch = epoch};
    }
    return true;
  }

  bool read_move(std::string_view name) {
    constexpr std::array<std::string_view, 2> kMembers = {"from", "to"};
    const auto shard = cluster::parse_decimal(name);
    if (!shard || *shard >= table_.shards.size()) return reader_.refuse("what moves is no shard");
    Move move;
    move.shard = static_cast<ShardId>(*shard);
    const bool good = reader_.object(kMembers, [&](std::size_t member) {
      std::string_view text;
      if (!reader_.text(text)) return false;
      auto node = parse_node(text);
      if (!node) return reader_.refuse("a node is not named <node id>/<tenure>");
      (member == 0 ? move.from : move.to) = std::move(*node);
      return true;
    });
    if (good) moves_.push_back(std::move(move));
    return good;
  }

  bool sort_nodes() {
    std::vector<ShardTable::Node> sorted = table_.nodes;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) {
      return reader_.refuse("an owner stands there twice");
    }
    std::swap(sorted, table_.nodes);  // `sorted` has the order in which they were read
    std::vector<NodeIndex> places;
    places.reserve(sorted.size());
    for (const ShardTable::Node& node : sorted) places.push_back(table_.find(node));
    for (ShardTable::Slot& slot : table_.shards) {
      if (slot.owner != kNobody) slot.owner = places[slot.owner];
    }
    return true;
  }

  bool check_epochs() {
    const bool good = std::ranges::all_of(
        table_.shards, [&](const ShardTable::Slot& slot) { return slot.epoch <= table_.epoch; });
    return good || reader_.refuse("a shard has an epoch above the table's");
  }

  bool apply_moves() {
    for (const Move& move : moves_) {
      ShardTable::Slot& slot = table_.shards[move.shard];
      const NodeIndex from = table_.find(move.from);
      const NodeIndex to = table_.find(move.to);
      if (from == kNobody || slot.owner != from) {
        return reader_.refuse("a shard moves from a node that has not got it");
      }
      if (to == kNobody || to == from) {
        return reader_.refuse("a shard moves to its owner, or to a node that is not listed");
      }
      if (slot.next != kNobody) return reader_.refuse("a shard moves twice");
      slot.next = to;
    }
    return true;
  }

  cluster::JsonReader reader_;
  ShardTable table_;
  std::vector<Move> moves_;
};

}  // namespace

NodeIndex ShardTable::find(const Node& node) const {
  const auto found = std::ranges::lower_bound(nodes, node);
  if (found == nodes.end() || *found != node) return kNobody;
  return static_cast<NodeIndex>(found - nodes.begin());
}

Result<std::string> format_shard_table(const ShardTable& table) {
  std::string out = concat(R"({"v":1,"epoch":)", table.epoch, R"(,"leader_epoch":)",
                           table.leader_epoch, R"(,"owners":{)");
  append_owners(out, table);
  out += R"(},"moving":{)";
  append_moves(out, table);
  out += "}}";
  if (table.nodes.size() > kMaxTableNodes || out.size() > kMaxTableBytes) {
    return fail(Errc::too_large,
                concat("a shard table of ", out.size(), " bytes and ", table.nodes.size(),
                       " nodes is above the limits, ", kMaxTableBytes, " and ", kMaxTableNodes));
  }
  return out;
}

Result<ShardTable> parse_shard_table(std::string_view text, std::uint32_t shards) {
  if (text.size() > kMaxTableBytes) {
    return fail(Errc::corrupt, concat("the shard table is corrupt: it has ", text.size(),
                                      " bytes, at most ", kMaxTableBytes));
  }
  return TableReader(text, shards).read();
}

}  // namespace aether
