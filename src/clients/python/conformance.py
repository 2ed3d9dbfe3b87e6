"""The client of protocol/conformance: python conformance.py CLASS LINK DIRECTORY."""

import asyncio
import json
import os
import sys

from sharerpc import FileGrants, Outbox, PlainWriter, ShareRpcError, State, fold, follow, parse_link
from sharerpc.connection import Backoff


def say(**line) -> None:
    print(json.dumps(line), flush=True)


async def lines():
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def read(link, _directory) -> None:
    documents = {}
    async for event in follow(link):
        if isinstance(event, State):
            documents = {(document.kind, document.key): document for document in event.documents}
            continue
        say(cursor=event["cursor"])
        if not event.get("hidden"):
            name = event["kind"], event["key"]
            document = fold(documents.get(name), event)
            documents.pop(name, None)
            if document:
                documents[name] = document
    say(documents=[{"kind": document.kind, "key": document.key, "data": document.data}
                   for _, document in sorted(documents.items())])


async def write_plainly(link, _directory) -> None:
    writer = PlainWriter(link)
    for outcome in await writer.append([op async for op in lines()]):
        if outcome["outcome"] == "rejected":
            say(parked=outcome["op_id"], code=outcome["code"])
    await writer.close()


async def write_by_outbox(link, directory) -> None:
    grants = FileGrants(os.path.join(directory, "grants.json"))
    outbox = Outbox(os.path.join(directory, "outbox.db"), link, grants=grants)
    sending = asyncio.create_task(outbox.run())
    try:
        async for op in lines():
            outbox.enqueue(op)
            say(enqueued=op["op_id"])
        while not outbox.is_drained() and not sending.done():
            await asyncio.wait([sending], timeout=0.02)
        sending.done() and sending.result()
    finally:
        sending.cancel()
        for op in outbox.parked():
            say(parked=op.op_id, code=op.code, outcome_unknown=op.outcome_unknown)
        for ops in outbox.missing():
            say(missing=ops.last_seq - ops.first_seq + 1)


CLASSES = {"reader": read, "plain": write_plainly, "outbox": write_by_outbox}

if __name__ == "__main__":
    Backoff.most = 0.5
    try:
        asyncio.run(CLASSES[sys.argv[1]](parse_link(sys.argv[2]), sys.argv[3]))
    except ShareRpcError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
