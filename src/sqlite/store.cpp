// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"

#include "aether/store/commit.hpp"
#include "core/text.hpp"
#include "sqlite/audit.hpp"
#include "sqlite/backup.hpp"
#include "sqlite/file_identity.hpp"
#include "sqlite/file_lock.hpp"
#include "sqlite/files.hpp"
#include "sqlite/readers.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/store_internal.hpp"
#include "sqlite/transaction.hpp"
#include "sqlite/writer.hpp"
#include "store/polling_subscription.hpp"

#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace aether::sqlite {

namespace {

// A snapshot is saved on the side: it waits as an append does.
constexpr std::chrono::milliseconds kSnapshotTimeout{10'000};

std::unexpected<Error> opened_read_only() {
  return fail(Errc::permission_denied,
              "the store was opened read-only: open it with Access::read_write to append");
}

/// What the parts of a store share. Subscriptions keep `readers`, `notifier`, `threads` and
/// `poller` beyond it.
struct Parts {
  Options options;
  const Clock& clock;
  std::shared_ptr<Readers> readers;
  std::shared_ptr<Notifier> notifier;
  std::shared_ptr<SubscriptionThreads> threads;
  std::shared_ptr<StorePoller> poller;
  std::optional<FileLock> lock;    // none: read-only
  std::unique_ptr<Writer> writer;  // none: read-only; ends before the lock is given up
};

class SqliteSnapshotStore final : public SnapshotStore {
 public:
  explicit SqliteSnapshotStore(Parts& parts) : parts_(parts) {}

  Result<void> save(Snapshot snapshot) override {
    if (!parts_.writer) return opened_read_only();
    const auto ok = prepare_snapshot(snapshot, parts_.options.max_snapshot_bytes, parts_.clock);
    if (!ok) return ok;
    return parts_.writer->run(
        [snapshot = std::move(snapshot)](Transactions& t) { return t.save_snapshot(snapshot); },
        kSnapshotTimeout);
  }

  Result<Snapshot> load(std::string_view actor_id) override {
    return parts_.readers->with([&](Reader& reader) { return reader.load_snapshot(actor_id); });
  }

  Result<void> remove(std::string_view actor_id) override {
    if (!parts_.writer) return opened_read_only();
    return parts_.writer->run(
        [id = std::string(actor_id)](Transactions& t) { return t.remove_snapshot(id); },
        kSnapshotTimeout);
  }

 private:
  Parts& parts_;
};

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(Parts parts) : parts_(std::move(parts)) {}

  ~SqliteStore() override {
    parts_.notifier->close();
    parts_.readers->close_idle();  // else the writer is not the last, and SQLite leaves its log
    if (parts_.writer) parts_.writer->finish();  // its completions may still use this store
  }
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    return parts_.readers->with([&](Reader& reader) { return reader.read(actor_id, options); });
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    if (limit == 0) return fail(Errc::invalid_argument, "a page needs a limit of at least 1");
    return parts_.readers->with(
        [&](Reader& reader) { return reader.read_all(filter, after, limit); });
  }

  Result<Version> latest_version(std::string_view actor_id) override {
    return parts_.readers->with([&](Reader& reader) { return reader.latest_version(actor_id); });
  }

  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    EventSource source{
        .read_all =
            [readers = parts_.readers](const Filter& f, Position a, std::size_t limit) {
              return readers->with([&](Reader& reader) { return reader.read_all(f, a, limit); });
            },
        .notifier = parts_.notifier,
        .threads = parts_.threads,
        .poller = parts_.poller,
        .log = parts_.options.log};
    return start_polling(std::move(source), std::move(filter), after, std::move(handler));
  }

  [[nodiscard]] Durability durability() const override { return Durability::fsynced(); }

  SnapshotStore& snapshots() override { return snapshots_; }

  Result<void> backup(const std::string& path, const std::function<void(BackupProgress)>& progress,
                      std::stop_token stop) override {
    const auto source = parts_.readers->connect();
    if (!source) return std::unexpected(source.error());
    return back_up(*source, parts_.readers->path(), path, progress, stop);
  }

  Result<void> inspect(const std::function<void(Finding)>& report, std::stop_token stop) override {
    const auto connection = parts_.readers->connect();
    if (!connection) return std::unexpected(connection.error());
    auto inspected = inspect_database(connection->get(), report, std::move(stop));
    if (!connection->was_misled()) return inspected;
    return fail(Errc::unavailable,
                "somebody began to write while the database was checked, without the right to lock "
                "it: check again");
  }

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    if (auto ok = prepare(events, options); !ok) return std::unexpected(std::move(ok.error()));
    return parts_.writer->append(events, options);
  }

  void do_append_async(std::vector<Event> events, const AppendOptions& options,
                       Completion done) override {
    if (auto ok = prepare(events, options); !ok) {
      return complete_append(done, std::unexpected(std::move(ok.error())), parts_.options.log);
    }
    parts_.writer->append_async(std::move(events), options, std::move(done));
  }

 private:
  Result<void> prepare(std::span<Event> events, const AppendOptions& options) const {
    if (!parts_.writer) return opened_read_only();
    if (!durability().satisfies(options.require)) {
      return fail(Errc::unsupported, concat("the SQLite store syncs to one disk; ",
                                            to_string(options.require), " was required"));
    }
    return prepare_commit(events, parts_.options.limits, parts_.clock);
  }

  Parts parts_;
  SqliteSnapshotStore snapshots_{parts_};
};

/// Checks that the file holds a store, or makes one in an empty file.
Result<void> settle_content(const Connection& connection, const std::string& path) {
  const auto content = inspect_content(connection);
  if (!content) return std::unexpected(content.error());
  if (*content == Content::aether) return {};
  if (auto made = create_schema(connection); !made) return made;
  return sync_folder_of(path);
}

Result<void> open_writer(Parts& parts, const std::string& path, const TestOptions& test_options) {
  if (auto ok = check_writable(path); !ok) return ok;
  auto lock = FileLock::acquire(path);
  if (!lock) return std::unexpected(std::move(lock.error()));
  parts.lock = std::move(*lock);
  auto connection = open_for_writing(path, parts.options.vfs, test_options.synchronous);
  if (!connection) return std::unexpected(std::move(connection.error()));
  if (auto ok = settle_content(*connection, path); !ok) return ok;
  if (auto ok = settle_log(*connection); !ok) return ok;
  auto transactions = Transactions::open(std::move(*connection), parts.options.head_cache_actors);
  if (!transactions) return std::unexpected(std::move(transactions.error()));
  const HeldFiles files(path);
  if (parts.options.vfs.empty()) {
    if (auto ok = files.check_all_are_there(); !ok) return ok;
    if (auto ok = transactions->get()->check_in_place(); !ok) return ok;
    if (auto ok = parts.lock->check_in_place(path); !ok) return ok;
  }
  parts.readers->expect(identity_of(path));
  WriterOptions options{.max_queued_bytes = parts.options.max_queued_bytes,
                        .checkpoint_pages = test_options.checkpoint_pages,
                        .on_stored = [notifier = parts.notifier] { notifier->notify(); },
                        .check_files = [files] { return files.check(); },
                        .log = parts.options.log};
  try {
    parts.writer = std::make_unique<Writer>(std::move(*transactions), std::move(options));
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable,
                concat("no thread can be had for the store's writer: ", error.what()));
  }
  return {};
}

Result<void> check_readable(const Parts& parts, const std::string& path) {
  parts.readers->expect(identity_of(path));
  const auto connection = parts.readers->connect();
  if (!connection) return std::unexpected(connection.error());
  const auto content = inspect_content(connection->get());
  if (!content) return std::unexpected(content.error());
  if (*content == Content::aether) return {};
  return fail(Errc::not_found, "the database is empty: nothing was ever appended to it");
}

/// Null: nobody asks for it.
std::shared_ptr<StorePoller> make_poller(const std::shared_ptr<Readers>& readers,
                                         const std::shared_ptr<Notifier>& notifier,
                                         std::chrono::milliseconds interval) {
  if (interval == std::chrono::milliseconds::max()) return nullptr;
  return std::make_shared<StorePoller>(
      [readers] { return readers->with([](Reader& reader) { return reader.last_position(); }); },
      notifier, interval);
}

std::unexpected<Error> about(const std::string& path, Error error) {
  if (error.message.find(path) == std::string::npos) {
    error.message = concat(quoted(path), ": ", error.message);
  }
  return std::unexpected(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Store>> open_for_test(const std::string& path, const Options& options,
                                             const TestOptions& test_options) {
  if (auto ok = check_poll_interval(options.poll_interval); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const bool writing = options.access == Access::read_write;
  const auto resolved = resolve_path(path, !writing);
  if (!resolved) return std::unexpected(resolved.error());
  auto readers = std::make_shared<Readers>(*resolved, options.vfs);
  auto notifier = std::make_shared<Notifier>();
  Parts parts{.options = options,
              .clock = options.clock != nullptr ? *options.clock : system_clock(),
              .readers = readers,
              .notifier = notifier,
              .threads = std::make_shared<SubscriptionThreads>(),
              .poller = make_poller(readers, notifier, options.poll_interval),
              .lock = std::nullopt,
              .writer = nullptr};
  auto ok =
      writing ? open_writer(parts, *resolved, test_options) : check_readable(parts, *resolved);
  if (!ok) return about(*resolved, std::move(ok.error()));
  return std::make_unique<SqliteStore>(std::move(parts));
}

Result<std::unique_ptr<Store>> open(const std::string& path, const Options& options) {
  return open_for_test(path, options, {});
}

}  // namespace aether::sqlite
