"""One WebSocket with JSON-RPC calls (SPEC, sections 2 and 3)."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from typing import Any

import websockets
from websockets.exceptions import ConnectionClosed, WebSocketException

from .errors import ShareRpcError

SUBPROTOCOL = "sharerpc.v1.json"


class Disconnected(Exception):
    """The connection is gone. What was in flight may have been done."""

    def __init__(self, code: int | None = None):
        super().__init__(f"disconnected (code {code})" if code else "disconnected")
        self.code = code


class Connection:
    """A connection to a server; holds nothing that is not on the server or in the outbox."""

    def __init__(self, socket: Any):
        self._socket = socket
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future] = {}
        self.pages: asyncio.Queue[dict | None] = asyncio.Queue()
        self.lost: Disconnected | None = None
        self._receiving = asyncio.create_task(self._receive())

    @classmethod
    async def open(cls, server: str) -> Connection:
        """Connects; raises Disconnected if no server answers."""
        url = "ws" + server.removeprefix("http").rstrip("/") + "/rpc"
        try:
            return cls(await websockets.connect(
                url, subprotocols=[SUBPROTOCOL], compression=None, max_size=None, ping_interval=15, ping_timeout=20))
        except (OSError, WebSocketException, asyncio.TimeoutError) as error:
            raise Disconnected() from error

    def start(self, method: str, params: str | dict | None = None) -> asyncio.Future:
        """Sends a call and returns its answer to come. Calls are sent in the order of `start`. Text goes as it is."""
        answer = asyncio.get_running_loop().create_future()
        if self.lost:
            answer.set_exception(self.lost)
            return answer
        call = next(self._ids)
        self._calls[call] = answer
        text = params if isinstance(params, str) else json.dumps(params or {})
        message = f'{{"jsonrpc":"2.0","id":{call},"method":{json.dumps(method)},"params":{text}}}'
        asyncio.ensure_future(self._send(message))
        return answer

    async def call(self, method: str, params: str | dict | None = None) -> Any:
        """Calls a method; raises ShareRpcError or Disconnected."""
        return await self.start(method, params)

    def notify(self, method: str, params: dict) -> None:
        """Sends a notification, which has no answer."""
        asyncio.ensure_future(self._send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params})))

    async def close(self) -> None:
        self._receiving.cancel()
        self._lose(None)
        await self._socket.close()

    async def _send(self, message: str) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            pass  # the receiver sees it too, and says so to whoever waits

    async def _receive(self) -> None:
        try:
            async for text in self._socket:
                if text:
                    self._answer(json.loads(text))
            self._lose(self._socket.close_code)
        except ConnectionClosed as error:
            self._lose(error.rcvd.code if error.rcvd else None)

    def _answer(self, message: dict) -> None:
        if message.get("method") == "page":
            self.pages.put_nowait(message["params"])
        answer = self._calls.pop(message.get("id"), None)
        if answer is None or answer.done():
            return
        if (error := message.get("error")) is not None:
            answer.set_exception(ShareRpcError(error.get("data") or {}))
        else:
            answer.set_result(message.get("result"))

    def _lose(self, code: int | None) -> None:
        self.lost = self.lost or Disconnected(code)
        calls, self._calls = self._calls, {}
        for answer in calls.values():
            if not answer.done():
                answer.set_exception(self.lost)
                answer.exception()  # whoever waits still gets it; nobody need wait


class Backoff:
    """Waits that double, with full jitter; a success starts anew."""

    #: The longest wait between two tries, in seconds.
    most: float = 20

    def __init__(self, first: float = 0.2):
        self._first, self._tries = first, 0

    def reset(self) -> None:
        self._tries = 0

    async def wait(self, at_least: float | None = None) -> None:
        bound = min(self.most, self._first * 2 ** min(self._tries, 16))
        self._tries += 1
        await asyncio.sleep((at_least or 0) + random.uniform(0, bound))
