"""Errors of the server, which say what to do (SPEC, section 8)."""

ACTIONS = frozenset({"retry", "redeem", "new_writer", "resend_from", "split", "park", "stop", "ask"})


class ShareRpcError(Exception):
    """A refusal by the server. Programs branch on `code` or `action`."""

    def __init__(self, data: dict):
        super().__init__(f"{data.get('code', 'internal')}: {data.get('hint', '')}")
        self.code: str = data.get("code", "internal")
        self.transient: bool = bool(data.get("transient"))
        self.hint: str | None = data.get("hint")
        self.head: int | None = data.get("head")
        self.acked_seq: int | None = data.get("acked_seq")
        #: Seconds to wait at least, or None.
        self.retry_after: float | None = data["retry_after_ms"] / 1000 if data.get("retry_after_ms") else None
        action = data.get("action")
        #: What to do; for an unknown word what `transient` says (ERR-5).
        self.action: str = action if action in ACTIONS else "retry" if self.transient else "park"
