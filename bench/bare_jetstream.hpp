// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jetstream_server.hpp"
#include "sample.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aether::bench {

// What libnats does without a store above it. A message's body is an event's envelope, made once;
// where it is published, it is on the condition of the subject's last sequence. All counted per
// event, or per message.

/// How many messages the pipelined references keep unanswered.
inline constexpr std::size_t kReferenceWindow = 4'096;
/// What a server gives at once.
inline constexpr std::size_t kMessagesABatch = 1'000;

/// One event with data of 200 bytes, complete, as an envelope.
[[nodiscard]] std::string envelope_of_200_bytes();

/// js_PublishMsgAsync, 1,000 subjects in turn. It is told no sequences (libnats has its own way of
/// that, too): the n-th message of a connection is the stream's n-th, so they are counted.
[[nodiscard]] Probe bare_async_appends(JetStreamServerPtr server);

/// natsConnection_RequestMsg, one at a time, with send-asap.
[[nodiscard]] Probe bare_single_appends(JetStreamServerPtr server);

/// Atomic batches of `events` messages, one batch at a time.
[[nodiscard]] Probe bare_atomic_batches(JetStreamServerPtr server, std::size_t events);

/// All `count` messages of a subject by batch direct gets, counted per read of them all.
[[nodiscard]] Probe bare_batch_reads(JetStreamServerPtr server, std::string stream,
                                     std::string subject, std::size_t count);

/// A direct get of each subject's last message, in turn.
[[nodiscard]] Probe bare_last_messages(JetStreamServerPtr server, std::string stream,
                                       std::vector<std::string> subjects);

}  // namespace aether::bench
