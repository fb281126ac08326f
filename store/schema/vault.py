"""Tokens at rest: encrypted with the first key, readable with any."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from store.schema.errors import SecretError


class Vault:
    """Encrypts with the first of its Fernet keys, decrypts with any. How to change the key: `docs/how-to/rotate-keys.md`."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SecretError("no key to encrypt tokens with: set SELLERBEAT_SECRET_KEYS")
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError:
            raise SecretError("a key in SELLERBEAT_SECRET_KEYS is no Fernet key (32 bytes in URL-safe base64)") from None
        self._first, self._keys = fernets[0], MultiFernet(fernets)
        self._given = tuple(keys)

    def __repr__(self) -> str:
        return "Vault(...)"

    def apart(self, purpose: str) -> "Vault":
        """A vault with keys of its own, derived from these: what is sealed for one purpose opens for no other. Keys rotate together."""
        return Vault([_derived(key, purpose) for key in self._given])

    def seal(self, secret: str) -> bytes:
        """Encrypted with the first key; each time in other bytes."""
        return self._keys.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises SecretError: none of the keys encrypted this."""
        try:
            return self._keys.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise SecretError("a stored token was encrypted with a key that is not in SELLERBEAT_SECRET_KEYS") from None

    def renewed(self, sealed: bytes) -> bytes | None:
        """The same secret under the first key; None: it is already. Raises SecretError as `open` does."""
        try:
            self._first.decrypt(bytes(sealed))
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None

    def all_renewed(self, sealed: Sequence[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes, bytes]], int]:
        """Those (name, sealed) that are not under the first key, each with what it is to become; and how many no key opens."""
        old, lost = [], 0
        for name, before in sealed:
            try:
                if anew := self.renewed(before):
                    old.append((name, before, anew))
            except SecretError:
                lost += 1
        return old, lost


def _derived(key: str, purpose: str) -> str:
    return urlsafe_b64encode(hmac.digest(urlsafe_b64decode(key), f"sellerbeat {purpose}".encode(), "sha256")).decode()
