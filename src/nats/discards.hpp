// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nats/nats.h>

namespace aether::nats {

/// Destroys a message, now or a little later.
///
/// libnats frees messages on one thread for all, which it wakes for each of them: that costs two
/// changes of threads, and more than all else that is done with a small message. So small ones are
/// gathered, by each thread its own, and destroyed many at a time.
///
/// `has_table`: its headers stand in a table, since some were added or looked at. Each is several
/// little pieces of memory, which are given back here, by the thread that has got them: by
/// libnats' own, malloc would have them go the slow way, and take the slow way for the next ones.
/// That was a quarter of an append's CPU time.
void discard(natsMsg* message, bool has_table);

}  // namespace aether::nats
