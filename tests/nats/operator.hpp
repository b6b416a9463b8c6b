// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// An operator, its account and a user of that, made for tests. They never expire, and their keys
/// are the SHA-256 of well-known words, so that they protect nothing.
namespace aether::tests {

/// Signed by itself.
inline constexpr std::string_view kOperatorJwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiI3WVhHNUVBTUVERkdHTTRPVFE1QlFXRUE"
    "yU0RSRkdSN0ZHT0Q2TVpWV01STUZUUldPN0dBIiwiaWF0IjoxNzAwMDAwMDAwLCJpc3MiOiJPQk9FRkY2REdNVU9TR"
    "kZJNkc1NUgyRjVWSFBLQlhVRE9JQlBFNFdOQjVLSDNFSFJDWDJJVlNOTiIsIm5hbWUiOiJvcGVyYXRvciIsInN1YiI"
    "6Ik9CT0VGRjZER01VT1NGRkk2RzU1SDJGNVZIUEtCWFVET0lCUEU0V05CNUtIM0VIUkNYMklWU05OIiwibmF0cyI6e"
    "yJ0eXBlIjoib3BlcmF0b3IiLCJ2ZXJzaW9uIjoyfX0.ADqM2XnuVjr5jYClomrIBLkLihk5uNBM4Y5TrQX-i_OeSVh"
    "Dj4Db2mB5_j4DXilUsRCq7s3mNDH9OOoZklktDA";

/// Signed by the operator.
inline constexpr std::string_view kAccountJwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJSWk1UWVJJNE5GQjJLN05QRUZKQkNUNFl"
    "BMzVLVFI0SEhKRklXSk5GUFNQUUVTTEhZVjRRIiwiaWF0IjoxNzAwMDAwMDAwLCJpc3MiOiJPQk9FRkY2REdNVU9TR"
    "kZJNkc1NUgyRjVWSFBLQlhVRE9JQlBFNFdOQjVLSDNFSFJDWDJJVlNOTiIsIm5hbWUiOiJhY2NvdW50Iiwic3ViIjo"
    "iQUQ2R0ZTUkpCNkhSTFFGUDNUTEJTTUJRTVlCM1VITVVLNEhIR0JYV1AyTUxLUVg0TFJFS1FPTEIiLCJuYXRzIjp7I"
    "mxpbWl0cyI6eyJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJpbXBvcnRzIjotMSwiZXhwb3J0cyI6LTE"
    "sIndpbGRjYXJkcyI6dHJ1ZSwiY29ubiI6LTEsImxlYWYiOi0xfSwiZGVmYXVsdF9wZXJtaXNzaW9ucyI6eyJwdWIiO"
    "nt9LCJzdWIiOnt9fSwidHlwZSI6ImFjY291bnQiLCJ2ZXJzaW9uIjoyfX0.shzbejyihFnApH6soVPjiVOZ3bH-9kY"
    "-ThNMLcTlNTt4bplyUZL4ObqW8T_hzcCK5e0IM5GVmIQzHoFvKgThAA";

/// The account's public key.
inline constexpr std::string_view kAccount =
    "AD6GFSRJB6HRLQFP3TLBSMBQMYB3UHMUK4HHGBXWP2MLKQX4LREKQOLB";

/// Signed by the account.
inline constexpr std::string_view kUserJwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJYNlFFNVVLSU03VVQ0NFNOUVgyUENKU0d"
    "LQVJZUzRUWUtFSFJMT09QNjJaRE9BUlNCVjZRIiwiaWF0IjoxNzAwMDAwMDAwLCJpc3MiOiJBRDZHRlNSSkI2SFJMU"
    "UZQM1RMQlNNQlFNWUIzVUhNVUs0SEhHQlhXUDJNTEtRWDRMUkVLUU9MQiIsIm5hbWUiOiJ1c2VyIiwic3ViIjoiVUJ"
    "LTUhTVEpJWVdQUFZHWDdXQlJMTEQyTkNHV05PWTdWS0VYUldaV09NMkZRNjMzTlRUUUgzN0oiLCJuYXRzIjp7InB1Y"
    "iI6e30sInN1YiI6e30sInN1YnMiOi0xLCJkYXRhIjotMSwicGF5bG9hZCI6LTEsInR5cGUiOiJ1c2VyIiwidmVyc2l"
    "vbiI6Mn19.hM6rEBchDVicbga4Ak-FNXSANagu1dGtBzvXWbgwnDLq-KY_ChmdtPEDqIZLHLp_tTjoR6YMWj6kXidP"
    "XXepDA";

/// The user's secret.
inline constexpr std::string_view kUserSeed =
    "SUAFOWU5HHHQOMP336MTMLQZX3IPC76GH2A7GFURZ4XKOQKHYB7UEJFHAA";

/// A server's configuration for them.
inline std::string operator_config() {
  return "operator: \"" + std::string(kOperatorJwt) + "\"\nresolver: MEMORY\nresolver_preload: {" +
         std::string(kAccount) + ": \"" + std::string(kAccountJwt) + "\"}\n";
}

/// The user's credentials file, laid out as `nsc` does.
inline std::string credentials() {
  return "-----BEGIN NATS USER JWT-----\n" + std::string(kUserJwt) +
         "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" +
         std::string(kUserSeed) + "\n------END USER NKEY SEED------\n";
}

}  // namespace aether::tests
