"""Links, tokens and ids (SPEC, sections 4 and 18)."""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN = re.compile(r"srpc_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", re.ASCII)
_PATH = re.compile(r"(.*)/s/([0-9A-Za-z]{22})", re.ASCII)
_OPENCODE_PATH = re.compile(r"(.*)/share/(srpc_[0-9A-Za-z_]+)", re.ASCII)


@dataclass(frozen=True)
class Link:
    """A server, a share and the token that opens it. `share_id` is None when the link names none."""

    server: str
    share_id: str | None
    token: str = field(repr=False)


def parse_link(text: str) -> Link:
    """Parses a link; raises ValueError if the text is none."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc or url.query:
        raise ValueError("not a share link")
    origin = f"{url.scheme}://{url.netloc}"
    if (match := _PATH.fullmatch(url.path)) and is_token(url.fragment):
        return Link(origin + match[1], match[2], url.fragment)
    if (match := _OPENCODE_PATH.fullmatch(url.path)) and is_token(match[2]) and "#" not in text:
        return Link(origin + match[1], None, match[2])
    raise ValueError("not a share link")


def is_token(text: str) -> bool:
    """Says whether the text is a token; the checksum finds typing errors."""
    return bool(_TOKEN.fullmatch(text)) and text == _with_checksum(text[:-7])


def new_id() -> str:
    """Returns a fresh `share_id`, `cap_id` or `writer_id`."""
    return _base62(secrets.randbits(128), 22)


def new_token(cap_id: str) -> tuple[str, str]:
    """Returns a fresh token and its digest, which is what a server is sent."""
    start = f"srpc_{cap_id}_{_base62(secrets.randbits(256), 43)}"
    return _with_checksum(start), hashlib.sha256(start.encode()).hexdigest()


def _with_checksum(start: str) -> str:
    return f"{start}_{_base62(zlib.crc32(start.encode()), 6)}"


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
