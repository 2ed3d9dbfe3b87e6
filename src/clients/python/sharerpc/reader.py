"""Following a share (client guide, "Following")."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from .connection import Backoff, Disconnected
from .errors import ShareRpcError
from .fold import Document
from .links import Link
from .redeem import MemoryGrants, Share

_SPARE_SECONDS = 15
_MOST_CREDIT = 1 << 20


@dataclass(frozen=True)
class State:
    """All documents, in place of ops whose data is gone; ops after `cursor` follow."""

    documents: list[Document]
    cursor: int


async def follow(link: Link, after: int = 0, *, generation: int | None = None, passphrase: str | None = None,
                 grants: MemoryGrants | None = None) -> AsyncIterator[dict | State]:
    """Yields the ops after a cursor, then new ones, over lost connections, until an ended share has been read.

    Yields a State where older ops are gone or the log is another (READ-9). Raises ShareRpcError when it is of no use.
    """
    backoff, grants = Backoff(), grants or MemoryGrants()
    while True:
        share = None
        try:
            share = await Share.open(link, passphrase=passphrase, grants=grants, read={"after": after})
            page, pages = share.result["page"], None
            while True:
                restored = generation not in (None, page.get("generation", 0))
                if restored or "gap" in page:
                    state = await _read_state(share)
                    after, pages = max(page.get("gap", 0), state.cursor), None
                    yield state
                generation = page.get("generation", 0)
                for op in page["ops"] if not restored else []:
                    if op["cursor"] != after + 1:
                        raise RuntimeError(f"The server went from cursor {after} to {op['cursor']}.")
                    if op.get("verb") not in (None, "put", "remove", "append"):
                        raise ShareRpcError({"code": "unknown_verb", "action": "stop", "hint": "Use a newer version."})
                    after = op["cursor"]
                    backoff.reset()
                    yield op
                if page.get("ended") and after >= page["head"]:
                    return
                pages = pages or _pages(share, after)
                page = await anext(pages)
        except (Disconnected, asyncio.TimeoutError):
            await backoff.wait()
        except ShareRpcError as error:
            if error.action not in ("retry", "redeem"):
                raise
            await backoff.wait(error.retry_after)
        finally:
            if share:
                await share.close()


async def _pages(share: Share, after: int) -> AsyncIterator[dict]:
    """Yields pages: those that the server pushes (SPEC, section 28), or else by calls that wait."""
    wait_ms = share.limits.get("wait_ms", 30_000)
    most = wait_ms / 1000 + _SPARE_SECONDS
    while "subscribe" not in share.result.get("features", {}).get("methods", []):
        page = await asyncio.wait_for(share.call("readOps", {"after": after, "wait_ms": wait_ms}), most)
        after = page["cursor"]
        yield page
    pages, credit, used = share.connection.pages, min(_MOST_CREDIT, share.limits["credit_bytes"]), 0
    end = share.start("subscribe", {"after": after, "credit": credit})
    end.add_done_callback(lambda _: pages.put_nowait(None))
    while page := await asyncio.wait_for(pages.get(), most):
        yield page
        used += page["bytes"]
        if used >= credit / 2:
            share.connection.notify("credit", {"bytes": used})
            used = 0
    yield end.result()


async def _read_state(share: Share) -> State:
    documents, first, next_key = [], None, None
    while True:
        page = await share.call("getState", {"after_key": next_key} if next_key else {})
        first = page["cursor"] if first is None else first
        documents += [Document(doc["kind"], doc["key"], doc["cursor"], doc["data"], bool(doc.get("redacted")))
                      for doc in page["docs"]]
        if not (next_key := page.get("next_key")):
            return State(documents, first)
