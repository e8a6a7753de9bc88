"""Sealing of small secrets at rest: platform keys, and addresses that would name an author."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealError(Exception):
    """What was sealed cannot be opened: the key has changed, or the text was damaged."""


class Seal:
    """Authenticated encryption (Fernet: AES-128-CBC with HMAC-SHA256) under a key derived for one purpose.

    Two purposes under one secret never open each other's texts. The key is derived by HMAC-SHA256, which is enough
    because the secret is random and long (see `Settings.secret`), not a password.
    """

    def __init__(self, secret: bytes | Sequence[bytes], purpose: str) -> None:
        """Of several secrets the first seals, and all of them open."""
        secrets = (secret,) if isinstance(secret, bytes) else secret
        derived = (hmac.new(each, purpose.encode(), hashlib.sha256).digest() for each in secrets)
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in derived])

    def close(self, text: str) -> str:
        """The sealed text, ASCII; two sealings of one text differ."""
        return self._fernet.encrypt(text.encode("utf-8", "surrogatepass")).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed; raise `SealError`."""
        try:
            return self._fernet.decrypt(sealed.encode("ascii", "replace")).decode("utf-8", "surrogatepass")
        except (InvalidToken, ValueError) as error:
            raise SealError("This was sealed with another SECRET_KEY, or it is damaged.") from error
