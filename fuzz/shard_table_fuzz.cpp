// SPDX-License-Identifier: Apache-2.0
// Shard tables and maps out of any bytes: what is read is sound, and survives being written and
// read again; what is refused is refused in a printable sentence.
#include "aether/cluster/shard_table.hpp"
#include "core/text.hpp"
#include "fuzz.hpp"

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

void check_refusal(const Error& error) {
  require(error.code == Errc::corrupt, "what cannot be read is corrupt");
  require(check_name("message", error.message, 4'096).has_value(), "a message is printable");
}

void check_slot(const ShardTable& table, const ShardTable::Slot& slot) {
  if (slot.owner == kNobody) {
    require(slot == ShardTable::Slot{}, "what is nobody's has no epoch and does not move");
    return;
  }
  require(slot.owner < table.nodes.size(), "an owner is listed");
  require(slot.epoch > 0 && slot.epoch <= table.epoch, "an epoch is one of the table's");
  require(slot.next == kNobody || (slot.next < table.nodes.size() && slot.next != slot.owner),
          "a shard moves to another node that is listed");
}

void check_table(const ShardTable& table, std::uint32_t shards) {
  require(table.shards.size() == shards, "each shard has its place");
  for (const ShardTable::Slot& slot : table.shards) check_slot(table, slot);
  for (const ShardTable::Node& node : table.nodes) {
    require(table.nodes.at(table.find(node)) == node, "each node is found");
  }
  const Result<std::string> written = format_shard_table(table);
  if (!written) return;  // shorter texts say the same, so that this one was below the limit
  const Result<ShardTable> again = parse_shard_table(*written, shards);
  require(again.has_value() && *again == table, "what is written is read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  constexpr std::uint32_t kShards = 64;
  const Result<ShardTable> table = parse_shard_table(text, kShards);
  if (table) {
    check_table(*table, kShards);
  } else {
    check_refusal(table.error());
  }
  const Result<ShardMap> map = parse_shard_map(text);
  if (map) {
    require(parse_shard_map(format_shard_map(*map)) == *map, "a map is read back");
    require(map->shard_of(text) < map->shards, "each actor has a shard");
  } else {
    check_refusal(map.error());
  }
  return 0;
}
