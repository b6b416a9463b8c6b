// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/election.hpp"

#include "cluster/candidate.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"

#include <condition_variable>
#include <utility>

namespace aether {

Leadership::Leadership(std::shared_ptr<Tenure> tenure, std::weak_ptr<Candidate> candidate)
    : tenure_(std::move(tenure)), candidate_(std::move(candidate)) {}

Leadership& Leadership::operator=(Leadership&& other) noexcept {
  if (this != &other) {
    resign();
    tenure_ = std::move(other.tenure_);
    candidate_ = std::move(other.candidate_);
  }
  return *this;
}

std::uint64_t Leadership::epoch() const { return tenure_ ? tenure_->epoch() : 0; }

bool Leadership::is_held() const { return tenure_ && tenure_->is_held(); }

std::stop_token Leadership::lost() const {
  if (tenure_) return tenure_->lost();
  std::stop_source over;
  over.request_stop();
  return over.get_token();
}

void Leadership::resign() {
  if (!tenure_) return;
  tenure_->end();
  if (const auto candidate = candidate_.lock()) candidate->resigned();
  candidate_.reset();
}

Election::Election(std::shared_ptr<Candidate> candidate) : candidate_(std::move(candidate)) {}

Election::~Election() { candidate_->close(); }

Result<std::unique_ptr<Election>> Election::make(std::shared_ptr<Registry> registry,
                                                 std::shared_ptr<Scheduler> scheduler,
                                                 ElectionOptions options) {
  if (auto good = check_lease_options(options.lease); !good) {
    return std::unexpected(good.error());
  }
  if (auto good = check_registry_key(options.name); !good) return std::unexpected(good.error());
  if (auto good = check_name("candidate's id", options.id); !good) {
    return std::unexpected(good.error());
  }
  auto candidate =
      std::make_shared<Candidate>(std::move(registry), std::move(scheduler), std::move(options));
  candidate->begin();
  return std::unique_ptr<Election>(new Election(std::move(candidate)));
}

Result<Leadership> Election::acquire(std::stop_token stop, std::chrono::milliseconds timeout) {
  struct Wait {
    std::mutex mutex;
    std::condition_variable_any ended;
    std::optional<Result<Leadership>> outcome;
    bool is_over = false;
  };
  const auto wait = std::make_shared<Wait>();
  const auto number = candidate_->stand([wait](Result<Leadership> outcome) {
    const std::scoped_lock lock(wait->mutex);
    if (wait->is_over) return;  // a leadership that nobody waits for goes, and resigns
    wait->outcome = std::move(outcome);
    wait->ended.notify_all();
  });
  std::unique_lock lock(wait->mutex);
  wait->ended.wait_until(lock, stop, deadline_after(timeout),
                         [&] { return wait->outcome.has_value(); });
  if (wait->outcome) return std::move(*wait->outcome);
  wait->is_over = true;
  lock.unlock();
  const std::string reason = candidate_->waiting_for();
  candidate_->cancel(number);
  if (stop.stop_requested()) return fail(Errc::closed, "the candidate was told to stop");
  return fail(Errc::unavailable, concat("the candidate was not elected within ", timeout.count(),
                                        " ms; it waited for: ", reason));
}

void Election::acquire_async(Elected elected) { candidate_->stand(std::move(elected)); }

void Election::cancel() { candidate_->cancel(); }

std::optional<std::string> Election::leader() const { return candidate_->leader(); }

std::string Election::waiting_for() const { return candidate_->waiting_for(); }

}  // namespace aether
