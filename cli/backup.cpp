// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/url.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace aether::cli {

Outcome run(const Backup& verb, const Session& session) {
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));
  if (store->sqlite == nullptr) {
    Failure failure(Error{.code = Errc::unsupported,
                          .message = "the store " + shown_url(session.store_url) +
                                     " cannot be backed up: only sqlite:PATH can"});
    failure.advice = "Its events go into a database with: aether copy";
    return std::unexpected(std::move(failure));
  }

  Progress progress("backup", "page");
  std::uint64_t pages = 0;
  const auto show = [&](sqlite::BackupProgress state) {
    pages = state.pages_total;
    progress.update(
        {.done = state.pages_done, .part = state.pages_done, .whole = state.pages_total});
  };
  auto made = store->sqlite->backup(verb.file, show, session.signals.token());
  progress.clear();
  if (!made) return std::unexpected(std::move(made.error()));

  const std::string line = "Wrote " + escape(verb.file) + " (" + count_of(pages, "page") + ").";
  session.console.did(line);
  if (session.console.json()) {
    session.console.say_json({{"file", verb.file}, {"pages", pages}});
  } else {
    session.console.say(line);
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
