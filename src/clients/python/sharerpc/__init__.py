"""ShareRpc for Python: follow a shared session, or write one through a durable outbox."""

from .connection import Connection, Disconnected
from .errors import ShareRpcError
from .fold import Document, fold
from .links import Link, new_id, new_token, parse_link
from .outbox import MissingOps, Outbox, ParkedOp
from .reader import State, follow
from .redeem import FileGrants, MemoryGrants, Share
from .writer import PlainWriter

__all__ = [
    "Connection", "Disconnected", "Document", "FileGrants", "Link", "MemoryGrants", "MissingOps", "Outbox",
    "ParkedOp", "PlainWriter", "Share", "ShareRpcError", "State", "fold", "follow", "new_id", "new_token", "parse_link",
]
