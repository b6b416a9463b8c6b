// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "stores/kinds.hpp"

namespace aether {

Result<std::unique_ptr<Stores>> open_sqlite_stores(const std::string& path,
                                                   const StoresOptions& /*options*/) {
  return fail(Errc::unsupported, concat("the store ", quoted(path),
                                        " is an SQLite database, and this build is without "
                                        "SQLite: build with -DAETHER_WITH_SQLITE=ON"));
}

}  // namespace aether
