"""Appending without an outbox: one batch at a time, deduplicated by op id (APPLY-21, APPLY-27)."""

import json

from .connection import Backoff, Disconnected
from .errors import ShareRpcError
from .links import Link, new_id
from .redeem import MemoryGrants, Share


class PlainWriter:
    """Appends batches and waits for their acks. It keeps nothing on disk."""

    def __init__(self, link: Link, *, passphrase: str | None = None, grants: MemoryGrants | None = None):
        self._link, self._passphrase = link, passphrase
        self._grants = grants or MemoryGrants()
        self._share: Share | None = None
        self._backoff = Backoff()

    async def append(self, ops: list[dict]) -> list[dict]:
        """Appends ops of any number; returns {op_id, outcome, cursor?, code?, message?} for each."""
        texts = [json.dumps(op, separators=(",", ":")) for op in ops]
        outcomes, size = [], len(texts)
        while texts:
            limits = (await self._open()).limits
            batch = _first_batch(texts[:size], limits)
            text = f'{{"batch_id":"{new_id()}","ops":[{",".join(batch)}]}}'
            try:
                ack = await self._append(text)
            except ShareRpcError as error:
                if error.action not in ("split", "park"):
                    raise
                if len(batch) > 1:
                    size = len(batch) // 2
                    continue
                ack = {"rejected": [{"op_id": json.loads(batch[0])["op_id"], "code": error.code,
                                     "message": error.hint}]}
            texts = texts[len(batch):]
            for name, outcome in (("applied", "applied"), ("duplicates", "duplicate"), ("rejected", "rejected")):
                outcomes += [{**entry, "outcome": outcome} for entry in ack.get(name, [])]
        return outcomes

    async def close(self) -> None:
        share, self._share = self._share, None
        if share:
            await share.close()

    async def _append(self, batch: str) -> dict:
        refused_frames = 0
        while True:
            try:
                ack = await (await self._open()).call("appendOps", batch)
                self._backoff.reset()
                return ack
            except Disconnected as error:
                await self.close()
                refused_frames += error.code in (1007, 1009)
                if refused_frames == 2:
                    raise ShareRpcError({"code": "too_large", "action": "split"}) from error
                await self._backoff.wait()
            except ShareRpcError as error:
                if error.action not in ("retry", "redeem"):
                    raise
                if error.action == "redeem":
                    await self.close()
                await self._backoff.wait(error.retry_after)

    async def _open(self) -> Share:
        while self._share is None:
            try:
                self._share = await Share.open(self._link, passphrase=self._passphrase, grants=self._grants)
            except Disconnected:
                await self._backoff.wait()
            except ShareRpcError as error:
                if error.action not in ("retry", "redeem"):
                    raise
                await self._backoff.wait(error.retry_after)
        return self._share


def _first_batch(texts: list[str], limits: dict[str, int]) -> list[str]:
    """Returns the first ops that fit a batch; one larger op is a batch of its own."""
    batch, size = [], 0
    for text in texts[:limits.get("batch_ops", 1000)]:
        size += len(text)
        if batch and size > limits.get("batch_bytes", 1 << 20):
            break
        batch.append(text)
    return batch
