// SPDX-License-Identifier: Apache-2.0
#include "nats/discards.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <span>

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

void clear_table(natsMsg* message) {
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &names, &count) != NATS_OK) return;
  for (const char* const name : std::span(names, static_cast<std::size_t>(count))) {
    natsMsgHeader_Delete(message, name);  // frees the name last
  }
  std::free(names);  // NOLINT(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
}

}  // namespace

void discard(natsMsg* message, bool has_table) {
  if (message == nullptr) return;
  if (has_table) clear_table(message);
  if (natsMsg_GetDataLength(message) > kSmall) return natsMsg_Destroy(message);
  thread_local Discards discards;
  discards.add(message);
}

}  // namespace aether::nats
