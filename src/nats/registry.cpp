// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/registry.hpp"

#include "core/deadline.hpp"
#include "nats/bucket.hpp"
#include "nats/registry_feed.hpp"
#include "nats/registry_put.hpp"

#include <utility>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;

/// "aether-cluster-prod__eu": a bucket's name has no '.', and two namespaces have two buckets.
std::string bucket_name(const Namespace& ns) {
  std::string name = "aether-cluster-";
  for (const char letter : ns.text()) {
    if (letter == '.') {
      name += "__";
    } else if (letter == '_') {
      name += "_-";
    } else {
      name += letter;
    }
  }
  return name;
}

class JetStreamRegistry final : public Registry {
 public:
  explicit JetStreamRegistry(std::shared_ptr<RegistryCore> core)
      : core_(std::move(core)), feed_(std::make_shared<RegistryFeed>(core_)) {
    feed_->listen();
  }
  ~JetStreamRegistry() override { feed_->close(); }
  JetStreamRegistry(const JetStreamRegistry&) = delete;
  JetStreamRegistry& operator=(const JetStreamRegistry&) = delete;

  void put(std::string_view key, std::string value, std::uint64_t expected, milliseconds timeout,
           PutDone done) override {
    if (auto ok = check_registry_entry(key, value); !ok) {
      return refuse(std::move(done), std::move(ok.error()));
    }
    auto put =
        std::make_shared<RegistryPut>(core_,
                                      RegistryPut::Order{.key = std::string(key),
                                                         .value = std::move(value),
                                                         .expected = expected,
                                                         .deadline = deadline_after(timeout)},
                                      std::move(done));
    core_->scheduler->post([put = std::move(put)] { put->begin(); });
  }

  void get(std::string_view key, milliseconds timeout, GetDone done) override {
    if (auto ok = check_registry_key(key); !ok) {
      return refuse(std::move(done), std::move(ok.error()));
    }
    auto get = std::make_shared<RegistryGet>(core_, std::string(key), deadline_after(timeout),
                                             std::move(done));
    core_->scheduler->post([get = std::move(get)] { get->begin(); });
  }

  std::unique_ptr<WatchHandle> watch(Watcher watcher) override {
    return feed_->watch(std::move(watcher));
  }

 private:
  template <class Done>
  void refuse(Done done, Error error) {
    core_->scheduler->post(
        [core = core_.get(), done = std::move(done), error = std::move(error)]() mutable {
          core->call(done, std::unexpected(std::move(error)));
        });
  }

  const std::shared_ptr<RegistryCore> core_;
  const std::shared_ptr<RegistryFeed> feed_;
};

}  // namespace

Result<std::shared_ptr<Registry>> open_registry(std::shared_ptr<Connection> connection,
                                                const Namespace& ns,
                                                const RegistryOptions& options) {
  if (options.timeout <= milliseconds::zero()) {
    return fail(Errc::invalid_argument, "the timeout must be more than nothing");
  }
  const Bucket bucket{.name = bucket_name(ns),
                      .keeps = "what a cluster agrees on",
                      .replicas = options.replicas,
                      .create = options.create,
                      .is_strict = true};
  Session& session = Session::of(*connection);
  auto api = std::make_unique<StreamApi>(session.transport(), session.requests(), bucket.stream());
  const auto opened = open_bucket(*api, bucket, options.timeout);
  if (!opened) return std::unexpected(opened.error());
  const auto needs_ids = needs_message_ids(opened->info.config, opened->level);
  if (!needs_ids) return std::unexpected(needs_ids.error());
  if (*needs_ids && options.log) {
    options.log(LogLevel::warning,
                warning_of_replicas(opened->info.config, "two nodes may hold one lease"));
  }
  auto scheduler = make_scheduler();
  if (!scheduler) return std::unexpected(std::move(scheduler.error()));
  return std::make_shared<JetStreamRegistry>(
      std::make_shared<RegistryCore>(RegistryCore{.connection = std::move(connection),
                                                  .api = std::move(api),
                                                  .prefix = bucket.prefix(),
                                                  .created = opened->info.created,
                                                  .has_replicas = opened->info.config.replicas > 1,
                                                  .log = options.log,
                                                  .scheduler = std::move(*scheduler)}));
}

}  // namespace aether::nats
