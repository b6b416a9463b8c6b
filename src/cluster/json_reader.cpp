// SPDX-License-Identifier: Apache-2.0
#include "cluster/json_reader.hpp"

#include "core/text.hpp"

namespace aether::cluster {

bool JsonReader::text(std::string_view& out) {
  JsonString string;
  if (scanner_.peek() != '"') return refuse("a string is expected");
  if (!scanner_.take_string(string)) return false;
  if (string.has_escapes) return refuse("a string has an escape");
  out = string.raw;
  return true;
}

bool JsonReader::number(std::uint64_t& out) {
  const char first = scanner_.peek();
  if (first < '0' || first > '9') return refuse("a whole number is expected");
  JsonSlice slice;
  if (!scanner_.take_value(1, slice)) return false;
  const char* const end = slice.text.data() + slice.text.size();
  const auto [read, code] = std::from_chars(slice.text.data(), end, out);
  if (code != std::errc() || read != end) return refuse("a whole number below 2^64 is expected");
  return true;
}

bool JsonReader::version_1() {
  std::uint64_t version = 0;
  if (!number(version)) return false;
  return version == 1 || refuse("its version is not 1: a newer program may have written it");
}

std::unexpected<Error> JsonReader::error(std::string_view what) const {
  return fail(Errc::corrupt, concat("the ", what, " is corrupt: ", scanner_.problem(), ", at byte ",
                                    scanner_.offset()));
}

}  // namespace aether::cluster
