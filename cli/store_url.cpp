// SPDX-License-Identifier: Apache-2.0
#include "store_url.hpp"

#include "text.hpp"

#include <utility>

namespace aether::cli {
namespace {

constexpr std::string_view kForms =
    R"("sqlite:PATH", "nats://HOST/NAMESPACE", "nats:NAMESPACE" or "memory:")";

Result<StoreUrl> parse_sqlite(std::string_view path) {
  if (path.empty()) {
    return fail(Errc::invalid_argument,
                "the store \"sqlite:\" names no file: write sqlite:PATH, as in sqlite:orders.db");
  }
  // After two slashes a URL has a host: "sqlite://orders.db" would silently mean /orders.db.
  if (path.starts_with("//") && !path.starts_with("///")) {
    return fail(Errc::invalid_argument, "the store \"sqlite:" + escape(path) +
                                            "\" has a host in it: write sqlite:PATH, as in "
                                            "sqlite:orders.db or sqlite:/var/lib/orders.db");
  }
  if (path.starts_with("///")) path.remove_prefix(2);
  return StoreUrl{.kind = StoreUrl::Kind::sqlite, .path = std::string(path)};
}

}  // namespace

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.empty()) {
    return fail(Errc::invalid_argument,
                "no store was named: give --store URL or set AETHER_STORE, "
                "where URL is " +
                    std::string(kForms));
  }
  const std::string shown = shown_url(text);
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || scheme.contains('/') || scheme.contains('.')) {
    return fail(Errc::invalid_argument, "the store " + shown +
                                            " has no scheme: for a database file write "
                                            "sqlite:" +
                                            (text.contains('@') ? "PATH" : escape(text)));
  }
  const auto rest = text.substr(colon + 1);
  if (scheme == "sqlite") return parse_sqlite(rest);
  if (scheme == "memory") {
    if (rest.empty()) return StoreUrl{};
    return fail(Errc::invalid_argument,
                "the store " + shown + " has something after \"memory:\": write memory: alone");
  }
  if (scheme == "nats" || scheme == "tls") {
    auto nats = parse_nats_url(text);
    if (!nats) return std::unexpected(std::move(nats.error()));
    return StoreUrl{.kind = StoreUrl::Kind::nats, .nats = std::move(*nats)};
  }
  return fail(Errc::invalid_argument,
              "the store " + shown + " has an unknown scheme: use " + std::string(kForms));
}

}  // namespace aether::cli
