#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes chain.jsonl (one envelope a line) and chain.sha256 (the audit chain's hash behind each of
them), from the specification in docs/audit-chain.md alone: nothing here is shared with the library.

Usage: tests/golden/make_chain.py [--explain]    --explain prints what is hashed instead
"""

import base64
import datetime
import hashlib
import json
import pathlib
import struct
import sys

JSON = "application/json"

# (actor id, version, id, event type, timestamp, fraction in ns, content type, data, metadata)
EVENTS = [
    ("order-123", 1, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "OrderPlaced",
     "2026-08-20T10:11:12", 123456789, JSON, b'{"total":99.99}', {}),
    ("order-123", 2, "017f22e2-79b0-7cc3-98c4-dc0c0c073990", "OrderShipped",
     "2026-08-20T10:11:13", 0, JSON, b'{"tracking":"FS123456"}',
     {"user": "alice", "correlation_id": "c-1"}),
    ("order-123", 7, "x", "Gr\u00f6\u00dfe \U0001f600", "2026-08-20T10:11:14", 5, JSON,
     b'{ "n": 123456789012345678901234567890, "n": 0.10,  "e": "\\u00e9" }',
     {"\u00e9": "", "Z": "upper case sorts first", "a": "\"quoted\\\""}),
    ("order-123", 8, "y", "LabelPrinted", "1969-12-31T23:59:59", 999999999, "image/png",
     b"\x89PNG\r\n\x1a\n\x00\xff", {}),
    ("order-123", 9223372036854775807, "z", "Nothing", "2262-04-11T23:47:16", 854775807, JSON,
     b"null", {}),
    ("order-124", 1, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "OrderPlaced",
     "2026-08-20T10:11:12", 123456789, JSON, b'{"total":99.99}', {}),
    ("cart \u20ac", 1, "a", "Emptied", "1970-01-01T00:00:00", 0, "text/plain", b"", {}),
]


def field(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data


def nanoseconds(moment, fraction):
    epoch = datetime.datetime(1970, 1, 1)
    seconds = (datetime.datetime.fromisoformat(moment) - epoch) // datetime.timedelta(seconds=1)
    return seconds * 10**9 + fraction


def parts(previous, event):
    actor_id, version, event_id, event_type, moment, fraction, content_type, data, metadata = event
    yield "prefix", b"aether-chain-1"
    yield "previous", previous
    yield "actor id", field(actor_id)
    yield "version", struct.pack(">Q", version)
    yield "id", field(event_id)
    yield "event type", field(event_type)
    yield "timestamp", struct.pack(">q", nanoseconds(moment, fraction))
    yield "content type", field(content_type)
    yield "metadata", struct.pack(">I", len(metadata))
    for key, value in sorted(metadata.items(), key=lambda entry: entry[0].encode()):
        yield "  key", field(key)
        yield "  value", field(value)
    yield "SHA-256(data)", hashlib.sha256(data).digest()


def envelope(event):
    actor_id, version, event_id, event_type, moment, fraction, content_type, data, metadata = event
    quote = lambda text: json.dumps(text, ensure_ascii=False)
    members = [
        f'"id":{quote(event_id)}', f'"eventType":{quote(event_type)}',
        f'"actorId":{quote(actor_id)}', f'"version":{version}',
        f'"timestamp":"{moment}.{fraction:09d}Z"']
    if metadata:
        entries = sorted(metadata.items(), key=lambda entry: entry[0].encode())
        pairs = ",".join(f"{quote(k)}:{quote(v)}" for k, v in entries)
        members.append('"metadata":{' + pairs + "}")
    if content_type == JSON:
        members.append('"data":' + data.decode())
    else:
        members.append(f'"dataContentType":{quote(content_type)}')
        members.append(f'"dataBase64":"{base64.b64encode(data).decode()}"')
    return "{" + ",".join(members) + "}"


def main():
    heads = {}
    envelopes, hashes = [], []
    for event in EVENTS:
        previous = heads.get(event[0], bytes(32))
        pieces = list(parts(previous, event))
        heads[event[0]] = hashlib.sha256(b"".join(piece for _, piece in pieces)).digest()
        hashes.append(heads[event[0]].hex())
        envelopes.append(envelope(event))
        if "--explain" in sys.argv:
            print(envelopes[-1])
            for name, piece in pieces:
                print(f"{name:<14} {piece.hex()}")
            print(f"{'hash':<14} {hashes[-1]}\n")
    root = hashlib.sha256(b"aether-digest-1" + b"".join(
        field(actor_id) + struct.pack(">Q", max(e[1] for e in EVENTS if e[0] == actor_id)) + head
        for actor_id, head in sorted(heads.items(), key=lambda head: head[0].encode()))).hexdigest()
    if "--explain" in sys.argv:
        print(f"digest's root  {root}")
        return
    here = pathlib.Path(__file__).parent
    (here / "chain.jsonl").write_text("\n".join(envelopes) + "\n", encoding="utf-8")
    (here / "chain.sha256").write_text("\n".join(hashes) + "\n")
    (here / "digest.sha256").write_text(root + "\n")


main()
