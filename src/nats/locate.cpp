// SPDX-License-Identifier: Apache-2.0
#include "nats/locate.hpp"

#include "nats/commit_message.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace aether::nats {

namespace {

// Halving the way each second time, they are enough for the longest stream.
constexpr int kMostQuestions = 128;

class Search final : public std::enable_shared_from_this<Search> {
 public:
  Search(StreamApi& api, LocateRequest request, std::chrono::milliseconds timeout,
         StreamApi::Completion<Place> done)
      : api_(api),
        request_(std::move(request)),
        timeout_(timeout),
        done_(std::move(done)),
        high_(request_.end) {}

  void go_on() {
    const bool is_near =
        high_.version <= kNearVersions || high_.version - kNearVersions <= low_.version;
    if (is_near || high_.sequence <= low_.sequence + 1 || asked_ == kMostQuestions) {
      return done_(low_);
    }
    const std::uint64_t sequence = guess();
    ++asked_;
    api_.next(request_.subject, sequence, request_.direct, timeout_,
              [self = shared_from_this(), sequence](ApiResult<StreamApi::Found> found) {
                if (!found) return self->done_(std::unexpected(std::move(found.error())));
                self->take(sequence, *found);
              });
  }

 private:
  /// By the share of the versions, as if they came evenly; each second time in the middle, for
  /// where they do not.
  [[nodiscard]] std::uint64_t guess() const {
    const std::uint64_t width = high_.sequence - low_.sequence;
    if (asked_ % 2 == 1) return low_.sequence + width / 2;
    const auto share = static_cast<double>(request_.version - 1 - low_.version) /
                       static_cast<double>(high_.version - low_.version);
    const auto step = static_cast<std::uint64_t>(share * static_cast<double>(width));
    return low_.sequence + std::clamp<std::uint64_t>(step, 1, width - 1);
  }

  /// The first message from `sequence` on.
  void take(std::uint64_t sequence, const StreamApi::Found& message) {
    if (!message) return done_(low_);  // who answered does not know so much yet
    const auto headers = decode_headers(*message);
    if (!headers) return done_(std::unexpected(ApiError{.error = headers.error()}));
    if (headers->version < request_.version) {
      low_ = {.version = headers->version, .sequence = message->sequence};
    } else {
      high_ = {.version = headers->version, .sequence = sequence};
    }
    go_on();
  }

  StreamApi& api_;
  const LocateRequest request_;
  const std::chrono::milliseconds timeout_;
  StreamApi::Completion<Place> done_;
  Place low_{};  // before the version
  Place high_;   // no message between the version's own and this sequence needs to be looked at
  int asked_ = 0;
};

}  // namespace

void locate(StreamApi& api, LocateRequest request, std::chrono::milliseconds timeout,
            StreamApi::Completion<Place> done) {
  std::make_shared<Search>(api, std::move(request), timeout, std::move(done))->go_on();
}

}  // namespace aether::nats
