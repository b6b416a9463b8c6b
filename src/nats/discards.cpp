// SPDX-License-Identifier: Apache-2.0
#include "nats/discards.hpp"

#include <array>
#include <cstddef>

namespace aether::nats {
namespace {

constexpr std::size_t kAtOnce = 64;
constexpr int kSmall = 1'024;  // bytes of data: a thread that rests keeps no more than 64 KiB

class Discards {
 public:
  Discards() = default;
  ~Discards() { destroy_all(); }
  Discards(const Discards&) = delete;
  Discards& operator=(const Discards&) = delete;

  void add(natsMsg* message) {
    messages_[count_++] = message;
    if (count_ == kAtOnce) destroy_all();
  }

 private:
  void destroy_all() {
    for (std::size_t i = 0; i < count_; ++i) natsMsg_Destroy(messages_[i]);
    count_ = 0;
  }

  std::array<natsMsg*, kAtOnce> messages_{};
  std::size_t count_ = 0;
};

}  // namespace

void discard(natsMsg* message) {
  if (message == nullptr) return;
  if (natsMsg_GetDataLength(message) > kSmall) return natsMsg_Destroy(message);
  thread_local Discards discards;
  discards.add(message);
}

}  // namespace aether::nats
