// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"

#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace aether {

/// SHA-256, by OpenSSL. Used by one thread at a time, for one value after the other: making one
/// costs more than a short hash does.
class Sha256 {
 public:
  Sha256();

  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view bytes) { return update(std::as_bytes(std::span(bytes))); }

  /// The hash of all that was given since the last `finish`.
  [[nodiscard]] Hash finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// The hash of `bytes`. May be called from any thread.
[[nodiscard]] Hash sha256(std::span<const std::byte> bytes);
[[nodiscard]] inline Hash sha256(std::string_view bytes) {
  return sha256(std::as_bytes(std::span(bytes)));
}

}  // namespace aether
