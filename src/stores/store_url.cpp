// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/url.hpp"

#include "core/text.hpp"
#include "stores/nats_url.hpp"

#include <utility>

namespace aether {
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
    return fail(Errc::invalid_argument,
                concat("the store ", quoted(concat("sqlite:", path)),
                       " has a host in it: write sqlite:PATH, as in sqlite:orders.db or "
                       "sqlite:/var/lib/orders.db"));
  }
  if (path.starts_with("///")) path.remove_prefix(2);
  return StoreUrl{.kind = StoreUrl::Kind::sqlite, .path = std::string(path)};
}

}  // namespace

std::string shown_url(std::string_view text) {
  const auto at = text.rfind('@');
  const bool may_have_login = at != std::string_view::npos && !text.starts_with("sqlite:");
  if (!may_have_login) return quoted(text);
  std::string shown;
  for (const std::string_view scheme : {"nats://", "tls://"}) {
    if (text.starts_with(scheme)) shown += scheme;
  }
  return quoted(concat(shown, "…", text.substr(at)));
}

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.empty()) {
    return fail(Errc::invalid_argument, concat("no store was named: write ", kForms));
  }
  const std::string shown = shown_url(text);
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || scheme.contains('/') || scheme.contains('.')) {
    return fail(Errc::invalid_argument,
                concat("the store ", shown, " has no scheme: for a database file write ",
                       text.contains('@') ? "sqlite:PATH" : quoted(concat("sqlite:", text))));
  }
  const auto rest = text.substr(colon + 1);
  if (scheme == "sqlite") return parse_sqlite(rest);
  if (scheme == "memory") {
    if (rest.empty()) return StoreUrl{};
    return fail(
        Errc::invalid_argument,
        concat("the store ", shown, " has something after \"memory:\": write memory: alone"));
  }
  if (scheme == "nats" || scheme == "tls") {
    auto nats = parse_nats_url(text);
    if (!nats) return std::unexpected(std::move(nats.error()));
    return StoreUrl{.kind = StoreUrl::Kind::nats, .nats = std::move(*nats)};
  }
  return fail(Errc::invalid_argument,
              concat("the store ", shown, " has an unknown scheme: use ", kForms));
}

}  // namespace aether
