// SPDX-License-Identifier: Apache-2.0
#include "bare_jetstream.hpp"
#include "bare_wire.hpp"
#include "jetstream_server.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <atomic>
#include <memory>
#include <semaphore>
#include <utility>

namespace aether::bench {
namespace {

using tests::ServerVersion;

constexpr std::size_t kWindow = 1'024;  // a store's own limit; more gains nothing
constexpr std::size_t kInFlight = 64;
constexpr std::size_t kEventsACommit = 10;
constexpr std::uint64_t kAtOnce = 16'384;  // events between two looks at the clock
constexpr std::uint64_t kFewAtOnce = 20;

/// Commits of `each` events of one actor, the actors in turn.
std::vector<Event> commit_of(std::size_t each, std::uint64_t n) {
  static const auto ids = actor_ids();
  std::vector<Event> commit;
  commit.reserve(each);
  for (std::size_t i = 0; i < each; ++i) {
    commit.push_back(order_of_200_bytes(ids[n % ids.size()], 0, n + i));
  }
  return commit;
}

/// One thread keeps `window` appends unanswered.
Result<void> append_in_flight(EventStore& store, std::size_t window, std::size_t each,
                              std::uint64_t first, std::uint64_t count) {
  std::counting_semaphore<> free(static_cast<std::ptrdiff_t>(window));
  std::atomic<bool> is_refused{false};
  Result<void> done{};  // of the first that is refused
  for (std::uint64_t n = first; n < first + count; ++n) {
    free.acquire();
    store.append_async(commit_of(each, n), {}, [&](const Result<Appended>& appended) {
      if (!appended && !is_refused.exchange(true)) done = std::unexpected(appended.error());
      free.release();
    });
  }
  for (std::size_t i = 0; i < window; ++i) free.acquire();
  return done;
}

/// Counted per event. The first append of each actor, which asks the server for what there is, is
/// not timed.
Probe appends_in_flight(JetStreamServerPtr server, std::size_t window, std::size_t each) {
  return [=](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    EventStore& store = (*stream)->store();
    Result<void> done = append_in_flight(store, window, each, 0, kActors);
    const std::uint64_t commits = kAtOnce / each;
    Meter meter(budget);
    for (std::uint64_t n = kActors; done && meter.wants_more(); n += commits) {
      meter.time(commits * each, [&] { done = append_in_flight(store, window, each, n, commits); });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

/// The client's CPU time alone: the server has a process of its own.
Probe cpu_of(Probe probe) {
  return [probe = std::move(probe)](const Budget& budget) -> Result<Sample> {
    auto sample = probe(budget);
    if (sample) sample->value = sample->cpu_ns;
    return sample;
  };
}

Probe single_appends(JetStreamServerPtr server, std::size_t each) {
  return [=](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    EventStore& store = (*stream)->store();
    Result<void> done = append_in_flight(store, kWindow, each, 0, kActors);
    Meter meter(budget);
    for (std::uint64_t n = 0; done && meter.wants_more(); n += kFewAtOnce) {
      meter.time(kFewAtOnce * each, [&] {
        for (std::uint64_t i = n; done && i < n + kFewAtOnce; ++i) {
          const auto appended = store.append(commit_of(each, i));
          if (!appended) done = std::unexpected(appended.error());
        }
      });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

/// A stream with an actor of each size and, between their events, those of 1,000 others.
class Filled {
 public:
  Filled(JetStreamServerPtr server, std::size_t most) : server_(std::move(server)), most_(most) {}

  [[nodiscard]] std::size_t most() const { return most_; }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    return most_ < kLargest ? std::vector<std::size_t>{2, 100}
                            : std::vector<std::size_t>{2, 100, 1'000, kLargest};
  }
  [[nodiscard]] std::string actor(std::size_t events) const {
    return "history-" + std::to_string(events);
  }
  [[nodiscard]] std::string subject(const std::string& actor_id) const {
    return event_subject(ns_, actor_id);
  }
  [[nodiscard]] std::string stream() const { return stream_of(ns_); }
  [[nodiscard]] Result<std::unique_ptr<nats::Store>> open() const {
    return open_store(*server_, ns_);
  }

  /// Once; what is there already is left as it is.
  [[nodiscard]] Result<void> fill() const {
    auto store = open();
    if (!store) return std::unexpected(std::move(store.error()));
    const auto latest = (*store)->latest_version(actor(sizes().back()));
    if (!latest) return std::unexpected(latest.error());
    if (*latest > 0) return {};
    const auto others = actor_ids();
    std::atomic<bool> good{true};
    const auto append = [&](const std::string& id, std::uint64_t n) {
      (*store)->append_async({order_of_200_bytes(id, 0, n)}, {},
                             [&](const Result<Appended>& done) { good = good && done; });
    };
    for (std::size_t i = 0; i < sizes().back(); ++i) {
      append(others[i % others.size()], i);
      for (const std::size_t size : sizes()) {
        if (i % (sizes().back() / size) == 0) append(actor(size), i);
      }
    }
    store->reset();  // waits for all
    if (!good) return fail(Errc::unavailable, "an append was refused");
    return {};
  }

  [[nodiscard]] Probe reads(std::size_t events) const {
    return [*this, events](const Budget& budget) -> Result<Sample> {
      const auto store = open();
      if (!store) return std::unexpected(store.error());
      const std::string id = actor(events);
      const auto is_whole = [&] {
        const auto read = (*store)->read(id);
        return read && read->size() == events;
      };
      bool good = is_whole();
      Meter meter(budget);
      while (good && meter.wants_more()) meter.time(1, [&] { good = is_whole(); });
      if (!good) return fail(Errc::corrupt, "a read failed, or gave a wrong number of events");
      return meter.sample();
    };
  }

  [[nodiscard]] Probe latest_versions() const {
    return [*this](const Budget& budget) -> Result<Sample> {
      const auto store = open();
      if (!store) return std::unexpected(store.error());
      const auto ids = known_actors();
      bool good = true;
      Meter meter(budget);
      for (std::uint64_t n = 0; good && meter.wants_more(); n += kFewAtOnce) {
        meter.time(kFewAtOnce, [&] {
          for (std::uint64_t i = n; i < n + kFewAtOnce; ++i) {
            good &= (*store)->latest_version(ids[i % ids.size()]).value_or(0) > 0;
          }
        });
      }
      if (!good) return fail(Errc::corrupt, "a version could not be read, or was 0");
      return meter.sample();
    };
  }

  /// In a small stream not all of them have an event.
  [[nodiscard]] std::vector<std::string> known_actors() const {
    return actor_ids(std::min(kActors, sizes().back()));
  }
  [[nodiscard]] std::vector<std::string> known_subjects() const {
    std::vector<std::string> subjects;
    for (const auto& id : known_actors()) subjects.push_back(subject(id));
    return subjects;
  }

 private:
  static constexpr std::size_t kLargest = 10'000;
  JetStreamServerPtr server_;
  std::size_t most_;
  Namespace ns_ = *Namespace::parse("filled");
};

/// What the rows of one server have in common.
struct On {
  JetStreamServerPtr server;
  GoPeer go;
  std::string prefix;  ///< of the rows' names

  [[nodiscard]] std::function<Result<void>()> start() const {
    return [server = server] { return server->start(); };
  }
  [[nodiscard]] Probe twin(const std::string& row) const {
    return [*this, row](const Budget& budget) { return go.probe(row, server->url())(budget); };
  }
};

std::vector<Row> pipelined_rows(const On& on) {
  const Probe ours = appends_in_flight(on.server, kWindow, 1);
  return {
      {.name = on.prefix + "append",
       .statement = "1,024 appends in flight (append_async) over 1,000 actors, each a commit; "
                    "beside libnats' js_PublishMsgAsync with an expected sequence",
       .unit = Unit::rate,
       .ours = ours,
       .reference_name = "libnats",
       .reference = bare_async_appends(on.server),
       .goal = {Goal::Kind::faster, 1.0},
       .start = on.start()},
      {.name = on.prefix + "append/go",
       .statement = "the same beside nats.go's PublishMsgAsync, with JSON",
       .unit = Unit::rate,
       .ours = ours,
       .reference_name = "Go",
       .reference = on.twin("append"),
       .goal = {Goal::Kind::faster, 1.15},
       .start = on.start()},
      {.name = on.prefix + "append/wire",
       .statement = "the same beside a socket: what the server can take",
       .unit = Unit::rate,
       .ours = ours,
       .reference_name = "wire",
       .reference = wire_appends(on.server),
       .start = on.start()},
      {.name = on.prefix + "append/cpu",
       .statement = "the same: CPU time of the client, per event, beside libnats'",
       .ours = cpu_of(ours),
       .reference_name = "libnats",
       .reference = cpu_of(bare_async_appends(on.server)),
       .goal = {Goal::Kind::value_most, 6'000},
       .start = on.start()},
      {.name = on.prefix + "append-64-in-flight",
       .statement = "64 appends in flight from one thread; beside 64 goroutines",
       .unit = Unit::rate,
       .ours = appends_in_flight(on.server, kInFlight, 1),
       .reference_name = "Go",
       .reference = on.twin("append-64-in-flight"),
       .goal = {Goal::Kind::faster, 1.2},
       .start = on.start()},
  };
}

std::vector<Row> single_rows(const On& on) {
  return {
      {.name = on.prefix + "append-one",
       .statement = "append, one at a time; beside natsConnection_RequestMsg with send-asap",
       .ours = single_appends(on.server, 1),
       .reference_name = "libnats",
       .reference = bare_single_appends(on.server),
       .goal = {Goal::Kind::share, 1.1},
       .start = on.start()},
      {.name = on.prefix + "append-one/go",
       .statement = "the same beside nats.go's PublishMsg",
       .ours = single_appends(on.server, 1),
       .reference_name = "Go",
       .reference = on.twin("append-one"),
       .start = on.start()},
  };
}

std::vector<Row> commit_rows(const On& on) {
  const Probe ours = appends_in_flight(on.server, kWindow, kEventsACommit);
  return {
      {.name = on.prefix + "append-10-a-commit",
       .statement = "commits of 10 events, 1,024 in flight; beside one event a commit",
       .unit = Unit::rate,
       .ours = ours,
       .reference_name = "one a commit",
       .reference = appends_in_flight(on.server, kWindow, 1),
       .goal = {Goal::Kind::faster, 5},
       .start = on.start()},
      {.name = on.prefix + "append-10-a-commit/batch",
       .statement = "the same beside the server's atomic batches of 10 messages, one at a time",
       .unit = Unit::rate,
       .ours = ours,
       .reference_name = "batch",
       .reference = bare_atomic_batches(on.server, kEventsACommit),
       .goal = {Goal::Kind::faster, 20},
       .start = on.start()},
      {.name = on.prefix + "append-10-a-commit/one",
       .statement = "commits of 10 events, one at a time; beside one event a commit",
       .unit = Unit::rate,
       .ours = single_appends(on.server, kEventsACommit),
       .reference_name = "one a commit",
       .reference = single_appends(on.server, 1),
       .start = on.start()},
  };
}

/// `goal`: how many times as fast as Go.
std::vector<Row> read_rows(const On& on, const Filled& filled, std::size_t events, double goal) {
  const std::string name = on.prefix + "read-" + std::to_string(events);
  const std::string statement = "read all " + std::to_string(events) + " events of one actor";
  return {
      {.name = name,
       .statement = statement + "; beside an ordered consumer of nats.go",
       .ours = filled.reads(events),
       .reference_name = "Go",
       .reference = on.twin("read-" + std::to_string(events)),
       .goal = {Goal::Kind::faster, goal},
       .start = on.start(),
       .prepare = [=]() -> Result<void> {
         if (auto ok = filled.fill(); !ok) return ok;
         if (!on.go.is_there()) return {};  // its probe says so
         const auto done = on.twin("fill-" + std::to_string(filled.most()))({});
         return done ? Result<void>{} : std::unexpected(done.error());
       }},
      {.name = name + "/libnats",
       .statement = statement + "; beside batch direct gets by libnats, nothing decoded",
       .ours = filled.reads(events),
       .reference_name = "libnats",
       .reference = bare_batch_reads(on.server, filled.stream(),
                                     filled.subject(filled.actor(events)), events),
       .goal = {Goal::Kind::share, 1.3},
       .start = on.start(),
       .prepare = [=] { return filled.fill(); }},
  };
}

std::vector<Row> latest_rows(const On& on, const Filled& filled) {
  return {
      {.name = on.prefix + "latest-version",
       .statement = "latest version of 1,000 actors in turn; beside a direct get by libnats",
       .ours = filled.latest_versions(),
       .reference_name = "libnats",
       .reference = bare_last_messages(on.server, filled.stream(), filled.known_subjects()),
       .goal = {Goal::Kind::share, 1.2},
       .start = on.start(),
       .prepare = [=] { return filled.fill(); }},
  };
}

void add(std::vector<Row>& rows, std::vector<Row> more) {
  std::ranges::move(more, std::back_inserter(rows));
}

}  // namespace

std::vector<Row> jetstream_rows(const Setting& setting) {
  const auto server_of = [&](ServerVersion version) {
    return std::make_shared<JetStreamServer>(version, setting.folder);
  };
  const std::size_t most = setting.quick ? 100 : 10'000;
  std::vector<Row> rows;

  const On on{
      .server = server_of(ServerVersion::v2_15), .go = setting.go_nats, .prefix = "jetstream/"};
  const Filled filled(on.server, most);
  const std::vector<std::pair<std::size_t, double>> goals{
      {2, 6}, {100, 3}, {1'000, 2.3}, {10'000, 2}};
  add(rows, pipelined_rows(on));
  add(rows, single_rows(on));
  add(rows, commit_rows(on));
  for (const auto& [events, goal] : goals) {
    if (events <= most) add(rows, read_rows(on, filled, events, goal));
  }
  add(rows, latest_rows(on, filled));

  // The oldest server: for information.
  const On old{
      .server = server_of(ServerVersion::v2_9), .go = setting.go_nats, .prefix = "jetstream-2.9/"};
  const Filled filled_old(old.server, most);
  std::vector<Row> informing;
  add(informing, pipelined_rows(old));
  add(informing, single_rows(old));
  for (const auto& [events, goal] : goals) {
    if (events > most) continue;
    auto both = read_rows(old, filled_old, events, goal);
    both.pop_back();  // that server has no batch direct gets
    add(informing, std::move(both));
  }
  add(informing, latest_rows(old, filled_old));
  for (Row& row : informing) row.goal = {};
  add(rows, std::move(informing));
  return rows;
}

}  // namespace aether::bench
