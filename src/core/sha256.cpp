// SPDX-License-Identifier: Apache-2.0
#include "core/sha256.hpp"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

namespace aether {
namespace {

// Without SHA-256 there is no audit chain to speak of; it fails only when OpenSSL is broken or
// configured to be without it, or when there is no memory.
void require(bool done, const char* call) {
  if (done) return;
  (void)std::fprintf(stderr, "aether: OpenSSL cannot compute SHA-256 (%s failed)\n", call);
  std::abort();
}

// Fetching takes a lock and a search each time; done once, and kept as long as the program lives.
const EVP_MD* algorithm() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(fetched != nullptr, "EVP_MD_fetch");
  return fetched;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1, "EVP_DigestInit_ex2");
}

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "EVP_DigestUpdate");
  return *this;
}

Hash Sha256::finish() {
  Hash hash{};
  auto* const out = reinterpret_cast<unsigned char*>(hash.data());
  require(EVP_DigestFinal_ex(context_.get(), out, nullptr) == 1, "EVP_DigestFinal_ex");
  require(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1, "EVP_DigestInit_ex2");
  return hash;
}

Hash sha256(std::span<const std::byte> bytes) {
  static thread_local Sha256 hasher;
  return hasher.update(bytes).finish();
}

}  // namespace aether
