// SPDX-License-Identifier: Apache-2.0
#include "nats/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace aether::tests {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Freed<std::fclose>>;

void expect(bool is_so) {
  if (!is_so) throw std::runtime_error("OpenSSL cannot make a certificate");
}

struct Signer {
  X509* certificate;
  EVP_PKEY* key;
};

Key make_key() { return Key(EVP_EC_gen("P-256")); }

void add(X509* certificate, int kind, const char* value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
  expect(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate make(const char* name, long serial, EVP_PKEY* key, const Signer* signer) {
  constexpr long kDay = 24L * 60 * 60;
  Certificate made(X509_new());
  expect(made && key != nullptr);
  X509_set_version(made.get(), 2);  // which is version 3
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kDay);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  const X509* const issuer = signer != nullptr ? signer->certificate : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  if (signer == nullptr) {
    add(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add(made.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  }
  expect(X509_sign(made.get(), signer != nullptr ? signer->key : key, EVP_sha256()) > 0);
  return made;
}

void write(const std::string& path, X509* certificate) {
  const File file(std::fopen(path.c_str(), "w"));
  expect(file && PEM_write_X509(file.get(), certificate) == 1);
}

void write(const std::string& path, EVP_PKEY* key) {
  const File file(std::fopen(path.c_str(), "w"));
  expect(file && PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

}  // namespace

Certificates::Certificates() {
  const Key authority_key = make_key();
  const Certificate signed_by_itself = make("authority", 1, authority_key.get(), nullptr);
  const Signer signer{.certificate = signed_by_itself.get(), .key = authority_key.get()};
  const Key one = make_key();
  const Key other = make_key();
  write(authority(), signed_by_itself.get());
  write(server(), make("server", 2, one.get(), &signer).get());
  write(server_key(), one.get());
  write(client(), make("client", 3, other.get(), &signer).get());
  write(client_key(), other.get());
}

}  // namespace aether::tests
