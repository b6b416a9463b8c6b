// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "core/json_scan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aether {

/// Reads envelopes out of valid UTF-8, in one walk. What returns false has set `error`.
class EnvelopeReader {
 public:
  EnvelopeReader(std::string_view json, unsigned max_depth)
      : scanner_(json), max_depth_(max_depth) {}

  [[nodiscard]] bool read_event(Event& event);

  /// One object, or an array of at least one.
  [[nodiscard]] bool read_commit(std::vector<Event>& events);

  /// Nothing may follow.
  [[nodiscard]] bool read_end();

  /// An object of strings.
  [[nodiscard]] bool read_metadata(Metadata& out);

  /// `corrupt`, with what is wrong and where. `thing` is what was read: "envelope".
  [[nodiscard]] std::unexpected<Error> error(std::string_view thing) const;

 private:
  enum class Field : unsigned;
  struct Seen;

  bool refuse(std::string what);
  bool expect(char c, std::string_view problem);
  static Field field_of(std::string_view key);

  bool read_member(Event& event, Seen& seen);
  bool read_key(Seen& seen, Field& field);
  bool read_field(Field field, Event& event, Seen& seen);
  bool read_text(std::string_view& out);
  bool read_name(std::string_view field, std::string& out);
  bool read_version(Version& out);
  bool read_timestamp(Timestamp& out);
  bool read_metadata_entry(Metadata& out);
  bool read_data(Data& out);
  bool read_base64(std::string& out);
  bool finish(Event& event, const Seen& seen);
  bool take_spaced_json(std::string_view json, Data& out);

  JsonScanner scanner_;
  unsigned max_depth_;
  std::string unescaped_;  // the last text that had escapes
  std::string what_;       // what is wrong, where it is not the JSON itself
};

}  // namespace aether
