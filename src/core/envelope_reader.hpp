// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "core/json_scan.hpp"

#include <array>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace aether {

/// Reads objects like envelopes, and what stands in them, out of valid UTF-8, in one walk. What
/// returns false has set `error`.
class EnvelopeReader {
 public:
  EnvelopeReader(std::string_view json, unsigned max_depth)
      : scanner_(json), max_depth_(max_depth) {}

  /// Which keys one object has shown so far.
  class SeenKeys {
   public:
    [[nodiscard]] bool has(std::size_t key) const { return ((known_ >> key) & 1U) != 0; }

   private:
    friend EnvelopeReader;
    void add(std::size_t key) {
      known_ |= 1U << key;
      next_ = key + 1;
    }
    unsigned known_ = 0;    // a bit for each
    std::size_t next_ = 0;  // the one that comes next if all come in order
    std::set<std::string, std::less<>> unknown_;
  };

  /// What stands in place of `data`.
  struct DataFields {
    std::string content_type{};
    std::string bytes{};
  };

  /// An object. `keys` are what it may have, with quotes and colon, as in `"id":`, in the order in
  /// which they are written. `read_field(index)` reads the value of each that is there; the values
  /// of others are passed over.
  template <std::size_t N, class ReadField>
  [[nodiscard]] bool read_object(const std::array<std::string_view, N>& keys, SeenKeys& seen,
                                 const ReadField& read_field) {
    if (!expect('{', "an object is expected")) return false;
    if (scanner_.accept('}')) return true;
    for (bool more = true; more; more = scanner_.accept(',')) {
      std::size_t key = N;
      if (!read_key(keys, seen, key)) return false;
      if (key == N ? !pass_over() : !read_field(key)) return false;
    }
    return expect('}', "a ',' or '}' is expected");
  }

  /// Nothing may follow.
  [[nodiscard]] bool read_end();

  [[nodiscard]] bool accept(char c) { return scanner_.accept(c); }
  [[nodiscard]] bool expect(char c, std::string_view problem);
  /// Always false: what was read is good JSON, and yet not right.
  bool refuse(std::string what);

  [[nodiscard]] bool read_name(std::string_view field, std::string& out);
  [[nodiscard]] bool read_version(Version& out);
  [[nodiscard]] bool read_timestamp(Timestamp& out);
  /// An object of strings.
  [[nodiscard]] bool read_metadata(Metadata& out);

  /// The last three keys of an envelope: 0 is `data`, 1 `dataContentType`, 2 `dataBase64`.
  [[nodiscard]] bool read_data_field(std::size_t which, Data& data, DataFields& fields);
  /// When the object was read, whose key `first` is `data`: what its data is.
  [[nodiscard]] bool finish_data(const SeenKeys& seen, std::size_t first, const DataFields& fields,
                                 Data& out);

  /// `corrupt`, with what is wrong and where. `thing` is what was read: "envelope".
  [[nodiscard]] std::unexpected<Error> error(std::string_view thing) const;

 private:
  bool read_key(std::span<const std::string_view> keys, SeenKeys& seen, std::size_t& key);
  bool pass_over();
  bool read_text(std::string_view& out);
  bool read_metadata_entry(Metadata& out);
  bool read_data(Data& out);
  bool read_base64(std::string& out);
  bool take_spaced_json(std::string_view json, Data& out);

  JsonScanner scanner_;
  unsigned max_depth_;
  std::string unescaped_;  // the last text that had escapes
  std::string what_;       // what is wrong, where it is not the JSON itself
};

}  // namespace aether
