// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What `--help` says beside the list of options, which is made from the options themselves.
namespace aether::cli::help {

inline constexpr std::string_view kProgram =
    R"(Keeps and reads events: immutable facts about actors.)";

inline constexpr std::string_view kProgramExamples =
    R"(  aether --store sqlite:orders.db append order-123 OrderPlaced '{"total":99.99}'
  aether --store sqlite:orders.db read order-123
  export AETHER_STORE=sqlite:orders.db
  aether tail --follow --json
  aether verify)";

inline constexpr std::string_view kProgramNotes = R"(Stores:
  sqlite:PATH            one database file; append makes it where there is none
  nats://HOST/NAMESPACE  a namespace in JetStream; tls://... with TLS; before HOST may
                         stand USER:PASSWORD@, behind it :PORT and ,HOST2...
  nats:NAMESPACE         the same, with the selected context of the `nats` tools
  nats:CONTEXT/NAMESPACE with the named context
  memory:                empty, and gone when the program ends; to try things out

Exit codes:
  0    done
  1    failed in some other way than these, such as a full disk under the output
  2    wrong usage, an invalid argument, or an event over a limit
  3    not found: no such actor, no such store
  4    version conflict: the actor is not at the expected version; nothing was stored
  5    the store is unavailable, or the outcome is unknown: the message says which
  6    permission denied
  7    integrity: verify, copy or doctor found something, or stored bytes are corrupt
  8    unsupported by this store or this build
  130  ended by SIGINT (143: by SIGTERM)

`aether VERB --help` tells more, and so does docs/cli.md.)";

inline constexpr std::string_view kAppendExamples =
    R"(  aether append order-123 OrderPlaced '{"total":99.99}' --meta user=eva
  aether append order-123 OrderShipped @shipment.json --expect 1
  aether append scan-7 Page - --content-type image/png < page.png
  aether --store sqlite:old.db tail --json | aether --store sqlite:new.db append --lines)";

inline constexpr std::string_view kAppendNotes =
    R"(DATA is JSON text and is kept byte for byte; @FILE reads a file and - standard input, both
without the white space around the JSON. With --content-type it is any bytes.

With --lines each line of standard input is a commit: an envelope as `tail --json` prints it, or an
array of them. It stops at the first line that fails and names it; lines that were already on their
way may have been stored. Appending the same lines again is safe: what is stored already is
recognized by its actor, version and id.)";

inline constexpr std::string_view kReadExamples = R"(  aether read order-123
  aether read order-123 --from 2 --to 10 --json)";

inline constexpr std::string_view kTailExamples = R"(  aether tail --category order --limit 20
  aether tail --follow --type OrderPlaced --type OrderShipped
  aether tail --after 4711 --json | jq .data)";

inline constexpr std::string_view kActorsExamples = R"(  aether actors
  aether actors order --json)";

inline constexpr std::string_view kVerifyExamples = R"(  aether verify
  aether digest > orders.digest      # and keep it on another machine
  aether verify --against @orders.digest)";

inline constexpr std::string_view kVerifyNotes =
    R"(It recomputes every actor's chain and finds each event that was changed, removed from within,
or moved. That an actor's end was cut off, or that an actor was added or removed, shows only
against a digest that was kept elsewhere. Exit code 7 when something was found.)";

inline constexpr std::string_view kDigestExamples = R"(  aether digest > orders.digest
  aether digest --at 4711)";

inline constexpr std::string_view kBackupExamples =
    R"(  aether --store sqlite:orders.db backup orders-backup.db
  aether --store sqlite:orders-backup.db verify)";

inline constexpr std::string_view kCopyExamples =
    R"(  aether copy sqlite:orders.db nats://127.0.0.1/orders
  aether copy nats:orders sqlite:orders-copy.db)";

inline constexpr std::string_view kCopyNotes =
    R"(Ids, versions, times, metadata, data and chains stay what they are. What was written is read
back and must lead to the same hashes. A copy that was cut short goes on when the same command is
given again; given later, it brings what is new. It ends where FROM ended when it began. Where TO
has another history of an actor it stops, and overwrites nothing. --store is not used.)";

inline constexpr std::string_view kDoctorExamples =
    R"(  aether --store nats://127.0.0.1/orders doctor
  aether doctor --monitor http://n1:8222 --monitor http://n2:8222 --monitor http://n3:8222)";

inline constexpr std::string_view kDoctorNotes =
    R"(It looks at the server, the stream and its replicas, what retention takes next and how full
the stream is, clocks, disks and the user's rights, and says what to do about each. It changes
nothing. Only the servers' monitoring ports tell whether they wait for their disks. Exit code 7
when there is a problem; a note is none.)";

inline constexpr std::string_view kProjectionExamples =
    R"(  aether projection ls orders-model.db
  aether projection lag orders-model.db --store sqlite:orders.db
  aether projection rebuild orders-model.db
  aether projection parked orders-model.db --retry order-123)";

inline constexpr std::string_view kProjectionNotes =
    R"(MODEL is the database file of a read model. It may be in use: whatever is to change there is
done by the program that feeds it, which looks for requests about once a second.)";

inline constexpr std::string_view kProjectionLsExamples =
    R"(  aether projection ls orders-model.db
  aether projection ls orders-model.db --json)";

inline constexpr std::string_view kProjectionLagExamples =
    R"(  aether projection lag orders-model.db --store sqlite:orders.db
  aether projection lag orders-model.db orders --store nats://127.0.0.1/orders --json)";

inline constexpr std::string_view kProjectionRebuildExamples =
    R"(  aether projection rebuild orders-model.db
  aether projection rebuild orders-model.db --handle-dropped --no-wait)";

inline constexpr std::string_view kProjectionParkedExamples =
    R"(  aether projection parked orders-model.db
  aether projection parked orders-model.db orders --retry order-123
  aether projection parked orders-model.db orders --drop 4711)";

inline constexpr std::string_view kClusterExamples =
    R"(  aether cluster members --store nats://127.0.0.1/orders
  aether cluster leader
  aether cluster watch --json
  aether cluster shards
  aether cluster where order-123
  aether cluster drain node-b)";

inline constexpr std::string_view kClusterNotes =
    R"(The nodes of a namespace agree through a key-value bucket in JetStream. Only drain writes.
It may take as long as the nodes' leases last (3 s) to tell who is there from who was.)";

inline constexpr std::string_view kClusterMembersExamples =
    R"(  aether cluster members --store nats://127.0.0.1/orders
  aether cluster members --json)";

inline constexpr std::string_view kClusterLeaderExamples =
    R"(  aether cluster leader --store nats://127.0.0.1/orders
  aether cluster leader reports --json)";

inline constexpr std::string_view kClusterWatchExamples =
    R"(  aether cluster watch --store nats://127.0.0.1/orders
  aether cluster watch --json)";

inline constexpr std::string_view kClusterShardsExamples =
    R"(  aether cluster shards --store nats://127.0.0.1/orders
  aether cluster shards --json)";

inline constexpr std::string_view kClusterWhereExamples =
    R"(  aether cluster where order-123 --store nats://127.0.0.1/orders
  aether cluster where order-123 --json)";

inline constexpr std::string_view kClusterDrainExamples =
    R"(  aether cluster drain node-b --store nats://127.0.0.1/orders
  aether cluster drain node-b --cancel)";

inline constexpr std::string_view kVersionExamples = R"(  aether version --json)";

}  // namespace aether::cli::help
