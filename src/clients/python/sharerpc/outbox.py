"""The durable outbox (client guide, "The outbox on one page")."""

import asyncio
import json
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass

from .connection import Backoff, Disconnected
from .errors import ShareRpcError
from .links import Link, new_id
from .redeem import MemoryGrants, Share

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value);
CREATE TABLE IF NOT EXISTS rows (
  n INTEGER PRIMARY KEY, op_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
  seq INTEGER, batch INTEGER, sent INTEGER NOT NULL DEFAULT 0,
  code TEXT, message TEXT, outcome_unknown INTEGER NOT NULL DEFAULT 0, since REAL, try_at REAL);
CREATE TABLE IF NOT EXISTS missing (writer_id TEXT, first_seq INTEGER, last_seq INTEGER);
"""
_UNPROVEN_BYTES = 256 * 1024 - 4096
_FLIGHT = "state = 'pending' AND batch IS NOT NULL"


@dataclass(frozen=True)
class ParkedOp:
    """An op that the server refused, or whose outcome is not known."""

    op_id: str
    code: str
    message: str | None
    outcome_unknown: bool


@dataclass(frozen=True)
class MissingOps:
    """Ops that the server had acknowledged, and has lost since by a restore; their rows are gone."""

    writer_id: str
    first_seq: int
    last_seq: int


class Outbox:
    """A queue on disk that feeds one share. The table is the queue; nothing of it is kept in memory."""

    def __init__(self, path: str, link: Link, *, passphrase: str | None = None, grants: MemoryGrants | None = None,
                 dependency_wait: float = 600):
        self._link, self._passphrase, self._grants = link, passphrase, grants or MemoryGrants()
        self._dependency_wait = dependency_wait
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('writer_id', ?), ('next_seq', 1), ('next_batch', 1), "
                         "('acked_seq', 0)", (new_id(),))
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        self._refused_frames: dict[int, int] = {}

    def enqueue(self, *ops: dict) -> None:
        """Stores ops; when it returns they are on disk. The bytes that are written here are the ones that are sent."""
        with self._transaction():
            for op in ops:
                if not isinstance(op.get("op_id"), str) or "seq" in op:
                    raise ValueError("An op has an op_id, and no seq.")
                self._db.execute("INSERT INTO rows (op_id, body) VALUES (?, ?)",
                                 (op["op_id"], json.dumps(op, separators=(",", ":"))))
        self._wake.set()

    def parked(self) -> list[ParkedOp]:
        """Returns what was refused, oldest first."""
        rows = self._db.execute(
            "SELECT op_id, code, message, outcome_unknown FROM rows WHERE state = 'failed' ORDER BY n")
        return [ParkedOp(op_id, code, message, bool(unknown)) for op_id, code, message, unknown in rows]

    def missing(self) -> list[MissingOps]:
        """Returns what a restore of the server lost after it was acknowledged (APPLY-29), oldest first."""
        return [MissingOps(*row) for row in self._db.execute("SELECT * FROM missing ORDER BY rowid")]

    def retry_parked(self) -> None:
        """Puts parked ops to the end of the queue, under their op ids."""
        with self._transaction():
            for n, in self._db.execute("SELECT n FROM rows WHERE state = 'failed' ORDER BY n").fetchall():
                self._to_end(n)
        self._wake.set()

    def is_drained(self) -> bool:
        return not self._db.execute("SELECT 1 FROM rows WHERE state <> 'failed' LIMIT 1").fetchone()

    def close(self) -> None:
        self._db.close()

    async def run(self, *, until_drained: bool = False) -> None:
        """Sends what is queued. Raises ShareRpcError when a person must act or the capability is of no more use."""
        while not (until_drained and self.is_drained()):
            try:
                await self._session(until_drained)
            except Disconnected as error:
                self._suspect(error.code)
                await self._backoff.wait()
            except _Refused as refused:
                if await self._react(refused.batch, refused.error):
                    await self._backoff.wait(refused.error.retry_after)

    async def _session(self, until_drained: bool) -> None:
        flight = self._flight()
        resent = self._fitting(flight[:1] if self._refused_frames else flight[:16])
        try:
            share = await Share.open(
                self._link, passphrase=self._passphrase, grants=self._grants, writer_id=self._meta("writer_id"),
                append=[self._text(batch) for batch in resent])
        except ShareRpcError as error:
            if error.code == "invalid_token":
                self._note_missing(0)  # a restored server does not know what was made since its backup
            raise _Refused(None, error) from error
        try:
            self._note_missing(share.result["writer"]["acked_seq"])
            for outcome, batch in zip(share.result.get("acks", []), resent):
                if error := outcome.get("error"):
                    raise _Refused(batch, ShareRpcError(error))
                self._settle(outcome["ack"])
                flight.remove(batch)
            answers = [(batch, share.start("appendOps", self._text(batch))) for batch in flight]
            while not (until_drained and self.is_drained()):
                self._wake.clear()
                self._requeue_waiting()
                while not self._refused_frames and len(answers) < share.limits.get("calls_in_flight", 64) // 2:
                    if (batch := self._group(share.limits)) is None:
                        break
                    answers.append((batch, share.start("appendOps", self._text(batch))))
                if answers:
                    batch, answer = answers.pop(0)
                    try:
                        self._settle(await answer)
                    except ShareRpcError as error:
                        raise _Refused(batch, error) from error
                    self._backoff.reset()
                else:
                    await self._idle(share)
        finally:
            await share.close()

    async def _idle(self, share: Share) -> None:
        """Waits for an op, a lost connection, or the next try of an op that waits for its dependency."""
        try:
            await asyncio.wait_for(self._wake.wait(), 0.5)
        except asyncio.TimeoutError:
            if share.connection.lost:
                raise Disconnected() from None

    def _flight(self) -> list[int]:
        """Returns the batches that were sent before and have no answer, in order."""
        return [batch for batch, in self._db.execute(f"SELECT DISTINCT batch FROM rows WHERE {_FLIGHT} ORDER BY batch")]

    def _fitting(self, batches: list[int]) -> list[int]:
        """Cuts the list in place to what a redemption may hold (WS-3); the others are sent by appendOps."""
        size = 0
        for i, batch in enumerate(batches):
            size += len(self._text(batch)) + 1
            if size > _UNPROVEN_BYTES:
                del batches[i:]
                break
        return batches

    def _text(self, batch: int) -> str:
        """Returns a batch as the same text whenever it is sent."""
        rows = self._db.execute(
            "SELECT body, seq FROM rows WHERE batch = ? AND state = 'pending' ORDER BY seq", (batch,))
        ops = ",".join(f'{body[:-1]},"seq":{seq}}}' for body, seq in rows)
        return f'{{"batch_id":"b{batch}","ops":[{ops}]}}'

    def _group(self, limits: dict[str, int]) -> int | None:
        """Numbers the next pending rows and makes them a batch, durably, before it is first sent (APPLY-25)."""
        rows, size = [], 0
        for n, length in self._db.execute(
                "SELECT n, length(body) FROM rows WHERE state = 'pending' AND batch IS NULL ORDER BY n LIMIT ?",
                (limits.get("batch_ops", 1000),)):
            size += length
            if rows and size > min(limits.get("batch_bytes", 1 << 20), 1 << 20):
                break
            rows.append(n)
        if not rows:
            return None
        with self._transaction():
            seq, batch = self._meta("next_seq"), self._meta("next_batch")
            self._db.executemany("UPDATE rows SET seq = ?, batch = ?, sent = 1 WHERE n = ?",
                                 [(seq + i, batch, n) for i, n in enumerate(rows)])
            self._set_meta(next_seq=seq + len(rows), next_batch=batch + 1)
        return batch

    def _settle(self, ack: dict) -> None:
        """Settles rows by an ack that names them (APPLY-24)."""
        with self._transaction():
            for entry in ack["applied"] + ack["duplicates"] + ack["rejected"]:
                self._db.execute("UPDATE meta SET value = max(value, (SELECT ifnull(max(seq), 0) FROM rows "
                                 "WHERE op_id = ?)) WHERE name = 'acked_seq'", (entry["op_id"],))
            for entry in ack["applied"] + ack["duplicates"]:
                self._db.execute("DELETE FROM rows WHERE op_id = ?", (entry["op_id"],))
            for entry in ack["rejected"]:
                if entry["code"] == "dependency_missing":
                    self._wait_or_park(entry["op_id"])
                else:
                    self._db.execute("UPDATE rows SET state = 'failed', code = ?, message = ? WHERE op_id = ?",
                                     (entry["code"], entry.get("message"), entry["op_id"]))
        self._refused_frames.clear()

    def _note_missing(self, acked_seq: int) -> None:
        """Notes what the server has acknowledged, and does not know any more."""
        known = self._meta("acked_seq")
        if acked_seq < known:
            with self._transaction():
                self._db.execute("INSERT INTO missing VALUES (?, ?, ?)",
                                 (self._meta("writer_id"), acked_seq + 1, known))
                self._set_meta(acked_seq=acked_seq)

    def _wait_or_park(self, op_id: str) -> None:
        """Lets an op wait for its dependency, longer each time, or parks it after `dependency_wait`."""
        now = time.time()
        since = self._db.execute("SELECT since FROM rows WHERE op_id = ?", (op_id,)).fetchone()[0] or now
        state = "failed" if now - since > self._dependency_wait else "waiting"
        self._db.execute(
            "UPDATE rows SET state = ?, since = ?, try_at = ?, code = 'dependency_missing' WHERE op_id = ?",
            (state, since, now + 0.2 + (now - since) / 2, op_id))

    def _requeue_waiting(self) -> None:
        due = self._db.execute("SELECT n FROM rows WHERE state = 'waiting' AND try_at <= ? ORDER BY n", (time.time(),))
        for n, in due.fetchall():
            self._to_end(n)

    def _to_end(self, n: int) -> None:
        """Takes a row to the end, where it gets the next seq (APPLY-26)."""
        self._db.execute(
            "UPDATE rows SET n = (SELECT max(n) + 1 FROM rows), state = 'pending', seq = NULL, batch = NULL, "
            "code = NULL, message = NULL WHERE n = ?", (n,))

    async def _react(self, batch: int | None, error: ShareRpcError) -> bool:
        """Does what the error says; returns whether to wait before the next try."""
        if error.code == "share_ended" and batch is not None:
            self._park("1", error)  # what was applied before the end has been answered by now: it comes first
            raise error
        match error.action:
            case "retry" | "redeem":
                return True
            case "new_writer":
                self._start_new_writer()
            case "resend_from":
                first = self._db.execute(f"SELECT min(seq) FROM rows WHERE {_FLIGHT}").fetchone()[0]
                if first is None or error.acked_seq is None or first > error.acked_seq + 1:
                    self._start_new_writer()
                return True
            case "split" | "park" if batch is not None:
                self._split_or_park(batch, error)
            case _:
                if error.action == "stop":
                    self._park("1", error)
                raise error
        return False

    def _split_or_park(self, batch: int, error: ShareRpcError) -> None:
        """Halves a batch, or parks its only op. What is refused whole consumed no seq: the rest takes a new writer."""
        with self._transaction():
            rows = [n for n, in self._db.execute("SELECT n FROM rows WHERE batch = ? ORDER BY seq", (batch,))]
            if error.action == "park" or len(rows) == 1:
                self._park(f"batch = {batch}", error, is_known=True)
                self._start_new_writer()
            else:
                # Later batches make room for the second half, so that batches stay in the order of their seqs.
                self._db.execute(f"UPDATE rows SET batch = batch + 1 WHERE {_FLIGHT} AND batch > ?", (batch,))
                self._db.executemany("UPDATE rows SET batch = ? WHERE n = ?",
                                     [(batch + 1, n) for n in rows[len(rows) // 2:]])
                self._set_meta(next_batch=self._meta("next_batch") + 1)

    def _suspect(self, code: int | None) -> None:
        """Splits the first batch after the second connection that it ended with 1007 or 1009."""
        flight = self._flight()
        if code not in (1007, 1009) or not flight:
            return
        first = flight[0]
        self._refused_frames = {first: self._refused_frames.get(first, 0) + 1}
        if self._refused_frames[first] >= 2:
            self._split_or_park(first, ShareRpcError({"code": "too_large", "action": "split"}))
            self._refused_frames = {first: 0} if self._flight() else {}  # each half is counted anew

    def _park(self, which: str, error: ShareRpcError, is_known: bool = False) -> None:
        unknown = "0" if is_known or error.code == "share_ended" else "sent"
        self._db.execute(f"UPDATE rows SET state = 'failed', code = ?, message = ?, outcome_unknown = {unknown} "
                         f"WHERE state <> 'failed' AND ({which})", (error.code, error.hint))

    def _start_new_writer(self) -> None:
        self._db.execute("UPDATE rows SET seq = NULL, batch = NULL WHERE state = 'pending'")
        self._set_meta(writer_id=new_id(), next_seq=1, acked_seq=0)

    def _meta(self, name: str):
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]

    def _set_meta(self, **values) -> None:
        self._db.executemany("UPDATE meta SET value = ? WHERE name = ?", [(v, k) for k, v in values.items()])

    @contextmanager
    def _transaction(self):
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            yield


class _Refused(Exception):
    """A refusal, and the batch that it is about; None for the redemption."""

    def __init__(self, batch: int | None, error: ShareRpcError):
        super().__init__(str(error))
        self.batch, self.error = batch, error
