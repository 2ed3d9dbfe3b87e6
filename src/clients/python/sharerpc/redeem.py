"""Redeeming a link, by a grant where the link gives one (SPEC, sections 5 and 19; GRANT-5 of the client guide)."""

from __future__ import annotations

import json
import os
from typing import Any

from .connection import Connection
from .errors import ShareRpcError
from .links import Link, new_id, new_token


class MemoryGrants:
    """Keeps the grants of a process by the `cap_id` of their links: {cap_id, token, digest, sent}."""

    def __init__(self) -> None:
        self._grants: dict[str, dict] = {}

    def get(self, link: str) -> dict | None:
        return self._grants.get(link)

    def set(self, link: str, grant: dict | None) -> None:
        self._grants.pop(link, None)
        if grant:
            self._grants[link] = grant


class FileGrants(MemoryGrants):
    """Keeps grants in a file of mode 0600, on disk before a redemption is sent."""

    def __init__(self, path: str):
        super().__init__()
        self._path = path
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self._grants = json.load(file)

    def set(self, link: str, grant: dict | None) -> None:
        super().set(link, grant)
        fresh = self._path + ".new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._grants, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self._path)


class Share:
    """A redeemed share on one connection."""

    def __init__(self, connection: Connection, result: dict):
        self.connection = connection
        self.result = result
        self.limits: dict[str, int] = result["limits"]
        self._prefix = f"$/invokeProxy/{result['share']['handle']}/"

    @classmethod
    async def open(cls, link: Link, *, passphrase: str | None = None, grants: MemoryGrants | None = None,
                   append: list[str] | None = None, **params: Any) -> Share:
        """Connects and redeems. `append` are batches as text; other params go as they are."""
        connection = await Connection.open(link.server)
        try:
            return cls(connection, await _redeem(connection, link, passphrase, grants, append, params))
        except BaseException:
            await connection.close()
            raise

    def start(self, method: str, params: str | dict | None = None) -> Any:
        return self.connection.start(self._prefix + method, params)

    async def call(self, method: str, params: str | dict | None = None) -> Any:
        return await self.start(method, params)

    async def close(self) -> None:
        await self.connection.close()


async def _redeem(connection, link, passphrase, grants, append, params) -> dict:
    async def send(token: str, **more: Any) -> dict:
        text = json.dumps({"token": token, **{k: v for k, v in {**params, **more}.items() if v is not None}})
        if append:
            text = f'{text[:-1]},"append":[{",".join(append)}]}}'
        return await connection.call("redeemShare", text)

    if grants is None:
        return await send(link.token, passphrase=passphrase)
    key = link.token[5:27]
    grant = grants.get(key)
    if grant and grant["sent"]:
        try:
            return await send(grant["token"])
        except ShareRpcError as error:
            if error.action == "redeem" and not error.transient:
                grant = None
            elif error.code not in ("invalid_token", "rate_limited"):
                raise
    if not grant:
        cap_id = new_id()
        token, digest = new_token(cap_id)
        grant = {"cap_id": cap_id, "token": token, "digest": digest, "sent": True}
        grants.set(key, grant)
    try:
        named = {"cap_id": grant["cap_id"], "token_digest": grant["digest"]}
        result = await send(link.token, passphrase=passphrase, grant=named)
    except ShareRpcError as error:
        if error.code == "id_taken" or (error.action == "redeem" and not error.transient):
            grants.set(key, None)
        raise
    if "grant" not in result:
        grants.set(key, None)
    return result
