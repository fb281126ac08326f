"""Tokens at rest: encrypted with the first key, readable with any."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from store.errors import SecretError


class Vault:
    """Encrypts and decrypts with Fernet keys. To change the key put the new one first and keep the old one behind it."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SecretError("no key to encrypt tokens with: set SELLERBEAT_SECRET_KEYS")
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SecretError("a key in SELLERBEAT_SECRET_KEYS is no Fernet key (32 bytes in URL-safe base64)") from None

    def __repr__(self) -> str:
        return "Vault(...)"

    def seal(self, secret: str) -> bytes:
        return self._keys.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises SecretError: none of the keys encrypted this."""
        try:
            return self._keys.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise SecretError("a stored token was encrypted with a key that is not in SELLERBEAT_SECRET_KEYS") from None
