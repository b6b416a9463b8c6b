// SPDX-License-Identifier: Apache-2.0
// Snapshots out of any bytes: what is read could be saved, and survives being written and read
// again; what is refused is refused in a printable sentence.
#include "aether/store/snapshot_store.hpp"
#include "core/json_scan.hpp"
#include "core/json_text.hpp"
#include "core/text.hpp"
#include "fuzz.hpp"
#include "store/snapshot_envelope.hpp"

namespace {

using namespace aether;  // the file is about nothing else
using fuzz::require;

void check_snapshot(std::string_view text, Snapshot snapshot) {
  require(check_json(text, kMaxJsonDepth).has_value(), "a snapshot is JSON");
  const std::string written = encode_snapshot(snapshot);
  const Result<Snapshot> again = decode_snapshot(written);
  require(again.has_value() && *again == snapshot, "what is written is read back");
  require(encode_snapshot(*again) == written, "it is written in one way");
  const Snapshot read = snapshot;
  require(prepare_snapshot(snapshot, text.size(), system_clock()).has_value() && snapshot == read,
          "what is read could be saved");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<Snapshot> snapshot = decode_snapshot(text);
  if (snapshot) {
    check_snapshot(text, *snapshot);
  } else {
    require(snapshot.error().code == Errc::corrupt, "what cannot be read is corrupt");
    require(check_name("message", snapshot.error().message, 4'096).has_value(),
            "a message is printable");
  }
  return 0;
}
