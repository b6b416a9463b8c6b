// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nats/nats.h>

namespace aether::nats {

/// Destroys a message, now or a little later.
///
/// libnats frees messages on one thread for all, which it wakes for each of them: that costs two
/// changes of threads, and more than all else that is done with a small message. So small ones are
/// gathered, by each thread its own, and destroyed many at a time.
void discard(natsMsg* message);

}  // namespace aether::nats
