// SPDX-License-Identifier: Apache-2.0
#include "open_store.hpp"

#include "aether/store/memory.hpp"
#include "nats_store.hpp"

#include <sys/stat.h>

#include <utility>

namespace aether::cli {
namespace {

/// However the path is written.
std::string identity_of_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return "";
  return "file " + std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::expected<OpenStore, Failure> open_sqlite(const std::string& path, const OpenOptions& options) {
  const bool writing = options.access == Access::write;
  const auto access = writing ? sqlite::Access::read_write : sqlite::Access::read_only;
  auto store = sqlite::open(path, {.access = access, .log = options.log});
  if (!store) {
    Failure failure(std::move(store.error()));
    if (writing) failure.advice = "Nothing was stored.";
    if (!writing && failure.error.code == Errc::not_found) {
      failure.advice =
          "Is the path right? `aether append` makes the database with its first event.";
    }
    return std::unexpected(std::move(failure));
  }
  sqlite::Store* const sqlite = store->get();
  return OpenStore{
      .events = std::move(*store), .sqlite = sqlite, .identity = identity_of_file(path)};
}

}  // namespace

std::expected<OpenStore, Failure> open_store(std::string_view url, const OpenOptions& options) {
  if (url.empty()) {
    return std::unexpected(
        Failure(Error{.code = Errc::invalid_argument,
                      .message = "no store was named: give --store URL or set AETHER_STORE, where "
                                 "URL is as in sqlite:orders.db or nats://127.0.0.1/orders"}));
  }
  const auto parsed = parse_store_url(url);
  if (!parsed) return std::unexpected(parsed.error());
  switch (parsed->kind) {
    case StoreUrl::Kind::sqlite:
      return open_sqlite(parsed->path, options);
    case StoreUrl::Kind::nats:
      return open_nats_store(*parsed->nats, options);
    case StoreUrl::Kind::memory:
      break;
  }
  return OpenStore{.events = make_memory_event_store({.chain = true})};
}

}  // namespace aether::cli
