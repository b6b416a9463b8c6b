// SPDX-License-Identifier: Apache-2.0
#include "nats/long_read.hpp"

#include "nats/waiting.hpp"

#include <algorithm>
#include <utility>

namespace aether::nats {

namespace {

// Messages on their way at a time: enough that the pause between two rows of them is little, few
// enough that the last row, which nothing else follows meanwhile, is soon looked at.
constexpr std::uint64_t kAtOnce = 1'000;

}  // namespace

LongRead::LongRead(StreamApi& api, Range range, Patience patience)
    : api_(api), range_(std::move(range)), patience_(patience) {
  begin();
}

LongRead::~LongRead() {
  if (coming_.valid()) coming_.wait();
  if (consumer_) api_.remove_consumer(consumer_->name);
}

std::chrono::milliseconds LongRead::timeout() const {
  return time_for_a_try(patience_.deadline, patience_.longest);
}

void LongRead::begin() {
  Promise promise;
  coming_ = promise.get_future();
  api_.make_consumer(range_.subject, range_.sequence, timeout(),
                     [this, promise = std::move(promise)](ApiResult<ConsumerInfo> made) mutable {
                       if (!made)
                         return promise.set_value(std::unexpected(std::move(made.error())));
                       consumer_ = {.name = std::move(made->name), .pending = made->pending};
                       if (made->pending == 0) {
                         return promise.set_value(Batch{.messages = {}, .is_last = true});
                       }
                       pull(std::min({made->pending, range_.limit, kAtOnce}), std::move(promise));
                     });
}

void LongRead::pull(std::size_t count, Promise promise) {
  api_.pull({.consumer = consumer_->name, .count = count, .delivered = consumer_->delivered},
            timeout(), [promise = std::move(promise)](ApiResult<Batch> batch) mutable {
              promise.set_value(std::move(batch));
            });
}

void LongRead::ask_for_more() {
  Promise promise;
  coming_ = promise.get_future();
  // Where the limit was too small, which is no more than a guess, the next ones come anyway.
  const std::uint64_t wanted = range_.limit > 0 ? range_.limit : kAtOnce;
  pull(std::min({consumer_->pending, wanted, kAtOnce}), std::move(promise));
}

ApiResult<Batch> LongRead::next() {
  if (!coming_.valid()) ask_for_more();
  ApiResult<Batch> batch = coming_.get();
  if (!batch || batch->is_last) return batch;  // there were none to begin with
  if (batch->messages.empty()) {
    return std::unexpected(
        ApiError{.error = {.code = Errc::unavailable,
                           .message = "a consumer had fewer messages than it had said"}});
  }
  return account_for(std::move(*batch));
}

ApiResult<Batch> LongRead::account_for(Batch batch) {
  const std::uint64_t count = batch.messages.size();
  consumer_->delivered += count;
  consumer_->pending -= std::min(consumer_->pending, count);
  range_.limit -= std::min(range_.limit, count);
  batch.pending = consumer_->pending;
  batch.is_last = consumer_->pending == 0;
  if (!batch.is_last && range_.limit > 0) ask_for_more();
  return batch;
}

}  // namespace aether::nats
