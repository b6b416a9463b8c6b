// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_file.hpp"

#include "aether/core/uuid.hpp"
#include "core/text.hpp"
#include "sqlite/files.hpp"

#include <memory>
#include <string_view>
#include <utility>

namespace aether::sqlite {

namespace {

/// In whatever case: SQLite takes them for the same.
bool is_ours(const char* name) {
  return name != nullptr && sqlite3_strnicmp(name, "aether_", sizeof("aether_") - 1) == 0;
}

/// SQLite asks this when a statement is prepared. While statements of the user's are, what would
/// tear the step from its checkpoint is refused: all but reading where one of the names is that of
/// a table of ours (the table may be the first, or the second: of a trigger, an index, ALTER).
int authorize(void* guard, int action, const char* first, const char* second,
              const char* /*database*/, const char* /*trigger*/) {
  if (!*static_cast<const bool*>(guard)) return SQLITE_OK;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
      return SQLITE_DENY;
    case SQLITE_READ:
    case SQLITE_SELECT:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    default:
      return is_ours(first) || is_ours(second) ? SQLITE_DENY : SQLITE_OK;
  }
}

/// SQLite asks this before it commits. Once a statement of the user's has undone the transaction (a
/// conflict may), those behind it would be committed one by one, without the checkpoint.
int refuse_commit(void* guard) { return *static_cast<const bool*>(guard) ? 1 : 0; }

/// The read model can be made again from the events: what a power cut takes is applied again. So
/// commits are not synced, checkpoints of the log are.
constexpr std::string_view kSettings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; "
    "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768";

}  // namespace

Result<ModelFile> ModelFile::open(const std::string& path, const ReadModelOptions& options) {
  auto connection = Connection::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, {});
  if (!connection) return std::unexpected(std::move(connection.error()));
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Another program's database must stay as it is.
  const auto content = inspect_model(*connection);
  if (!content) return std::unexpected(content.error());
  if (auto set = connection->execute(std::string(kSettings)); !set) {
    return std::unexpected(std::move(set.error()));
  }
  ModelFile file(std::move(*connection));
  sqlite3_set_authorizer(file.connection_.raw(), authorize, file.guard_.get());
  sqlite3_commit_hook(file.connection_.raw(), refuse_commit, file.guard_.get());
  if (*content == ModelContent::model) return file;
  if (auto made = file.make(options); !made) return std::unexpected(std::move(made.error()));
  if (auto ok = sync_folder_of(path); !ok) return std::unexpected(std::move(ok.error()));
  return file;
}

Result<void> ModelFile::make(const ReadModelOptions& options) const {
  return transact([&]() -> Result<void> {
    const ModelSchema schema{
        .name = options.schema, .sql = options.create, .origin = make_uuid_v7()};
    if (auto made = create_model_tables(connection_, schema); !made) return made;
    return guarded([&] { return make_users_tables(options.create); });
  });
}

Result<void> ModelFile::make_users_tables(const std::string& sql) const {
  char* said = nullptr;
  const int code = sqlite3_exec(connection_.raw(), sql.c_str(), nullptr, nullptr, &said);
  const std::unique_ptr<char, decltype(&sqlite3_free)> owner(said, sqlite3_free);
  if (code == SQLITE_OK) return {};
  const int what = code & 0xff;
  if (what != SQLITE_ERROR && what != SQLITE_AUTH && what != SQLITE_CONSTRAINT) {
    return std::unexpected(connection_.error(code, "making the read model's tables"));
  }
  return fail(Errc::invalid_argument, concat("the SQL that makes the read model's tables failed: ",
                                             said != nullptr ? said : "", " (SQLite ", code, ")"));
}

Result<void> ModelFile::transact(const std::function<Result<void>()>& work) const {
  if (auto begun = connection_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = work();
  if (done && !is_in_transaction()) {
    done = fail(Errc::unavailable, "the transaction was ended before its time, and undone");
  }
  if (done) done = connection_.execute("COMMIT");
  // What cannot be committed is undone here; if it was committed, `revision` will tell.
  if (!done && is_in_transaction()) {
    sqlite3_exec(connection_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return done;
}

Result<void> ModelFile::guarded(const std::function<Result<void>()>& work) const {
  class Guard {
   public:
    explicit Guard(bool& flag) : flag_(flag) { flag_ = true; }
    ~Guard() { flag_ = false; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    bool& flag_;
  };
  const Guard guard(*guard_);
  return work();
}

}  // namespace aether::sqlite
