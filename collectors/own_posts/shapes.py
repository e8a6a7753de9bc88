"""What reading an advocate's own posts needs: a token, whose it is, what a platform says of a post."""

import base64
import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

READ, GONE, FOREIGN, UNREADABLE = "read", "gone", "foreign", "unreadable"
EARLY = timedelta(minutes=2)  # a token is renewed this long before it ends: clocks differ, and runs last


@dataclass(frozen=True, slots=True)
class App:
    """How this service is known to a platform. Without a secret it is a public client."""

    client_id: str
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave for an account. `refresh` renews it without the advocate; `expires_at` None: no end told."""

    access: str
    refresh: str | None = None
    expires_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended, or does so within moments."""
        return self.expires_at is not None and self.expires_at - EARLY <= now


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is. `host` is the server of a network of many; `handle` is what people call the account."""

    native_id: str
    handle: str
    followers: int | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class PostReading:
    """What the platform says of one post now.

    `ref` is the native id that was asked for, `native_id` the one under which the platform knows the post. `state`:
    read; gone (deleted, or no longer to be seen); foreign (somebody else's post, so none of its numbers are kept);
    unreadable (the platform tells nothing of it). A counter that is missing from `counters` is unknown, not zero.
    """

    ref: str
    state: str = READ
    counters: Mapping[str, int] = field(default_factory=dict)
    native_id: str | None = None
    published_at: datetime | None = None
    edited_at: datetime | None = None


class OwnPosts(ABC):
    """One platform's way in to an advocate's own posts. Every failure is a `CollectError`.

    `unauthorized`: the token is not accepted, and renewing it or the advocate helps; `needs_credentials`: this service
    itself is not known to the platform, which is the administrator's to mend.
    """

    platform: str
    scopes: tuple[str, ...] = ()

    @abstractmethod
    def authorize(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the browser goes to agree (OAuth, with PKCE's S256 challenge)."""

    @abstractmethod
    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Token:
        """The token for the code that the browser came back with."""

    @abstractmethod
    def identity(self, token: Token) -> Identity:
        """Whose token it is."""

    @abstractmethod
    def refresh(self, token: Token) -> Token:
        """A new token in the place of one that has a `refresh`; the old one may be dead from then on."""

    @abstractmethod
    def revoke(self, token: Token) -> bool | None:
        """Give the token back. False: the platform did not confirm it; None: it has no way to do so."""

    @abstractmethod
    def read(self, token: Token, account: Identity, refs: Sequence[str]) -> Iterator[PostReading]:
        """What the platform says of these posts, one by one; what was yielded before a failure is good."""


def verifier_and_challenge() -> tuple[str, str]:
    """A fresh secret of PKCE and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    return verifier, challenge_of(verifier)


def challenge_of(verifier: str) -> str:
    """S256: BASE64URL(SHA256(verifier)) without padding."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
