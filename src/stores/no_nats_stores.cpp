// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "stores/kinds.hpp"

namespace aether {

Result<std::unique_ptr<Stores>> open_nats_stores(const NatsUrl& url,
                                                 const StoresOptions& /*options*/) {
  return fail(Errc::unsupported, concat("the namespace ", quoted(url.name_space.text()),
                                        " is on NATS, and this build is without NATS: build with "
                                        "-DAETHER_WITH_NATS=ON"));
}

}  // namespace aether
