// SPDX-License-Identifier: Apache-2.0
#include "store_url.hpp"

#include "aether/store/memory.hpp"
#include "text.hpp"

#include <utility>

namespace aether::cli {
namespace {

constexpr std::string_view kForms = R"("memory:" or "sqlite:PATH")";

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
  const std::string shown = "\"" + escape(text) + "\"";
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || scheme.contains('/') || scheme.contains('.')) {
    return fail(Errc::invalid_argument, "the store " + shown +
                                            " has no scheme: for a database "
                                            "file write sqlite:" +
                                            escape(text));
  }
  const auto rest = text.substr(colon + 1);
  if (scheme == "sqlite") return parse_sqlite(rest);
  if (scheme == "memory") {
    if (rest.empty()) return StoreUrl{};
    return fail(Errc::invalid_argument,
                "the store " + shown + " has something after \"memory:\": write memory: alone");
  }
  if (scheme == "nats" || scheme == "tls") {
    return fail(Errc::unsupported, "the store " + shown +
                                       " is on NATS, and this build has no NATS "
                                       "store: use " +
                                       std::string(kForms));
  }
  return fail(Errc::invalid_argument, "the store " + shown + " has the unknown scheme \"" +
                                          escape(scheme) + "\": use " + std::string(kForms));
}

std::expected<OpenStore, Failure> open_store(std::string_view url, sqlite::Access access,
                                             LogSink log) {
  auto parsed = parse_store_url(url);
  if (!parsed) return std::unexpected(std::move(parsed.error()));

  if (parsed->kind == StoreUrl::Kind::memory) {
    return OpenStore{.events = make_memory_event_store({.chain = true})};
  }
  auto store = sqlite::open(parsed->path, {.access = access, .log = std::move(log)});
  if (!store) {
    Failure failure(std::move(store.error()));
    const bool writing = access == sqlite::Access::read_write;
    if (writing) failure.advice = "Nothing was stored.";
    if (!writing && failure.error.code == Errc::not_found) {
      failure.advice =
          "Is the path right? `aether append` makes the database with its first event.";
    }
    return std::unexpected(std::move(failure));
  }
  sqlite::Store* const sqlite = store->get();
  return OpenStore{.events = std::move(*store), .sqlite = sqlite};
}

}  // namespace aether::cli
