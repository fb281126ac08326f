"""Keyed hashes: equal for equal texts, and of no use to who has the database alone. The key is made at random once, and kept encrypted."""

import hmac
import secrets
import threading
from base64 import b64decode, b64encode

from sqlalchemy import Engine, text

from store.schema.errors import translated
from store.schema.vault import Vault

NAME = "key of hashes"
# Of several processes that make one at once the first wins; all read it then.
ADD_NAMED_SECRET = text("INSERT INTO sellerbeat.secrets (name, sealed) VALUES (:name, :sealed) ON CONFLICT DO NOTHING")
SECRET_BY_NAME = text("SELECT sealed FROM sellerbeat.secrets WHERE name = :name")
# Only over what was read: another process may have sealed it anew meanwhile.
RESEAL_SECRET = text("UPDATE sellerbeat.secrets SET sealed = :sealed WHERE name = :name AND sealed = :before")


class KeyedHash:
    """Shared by all threads, which ask the database for the key once."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        self._key: bytes | None = None
        self._lock = threading.Lock()

    def of(self, purpose: str, word: str) -> bytes:
        """32 bytes. `purpose`: hashes of one purpose say nothing of another's. Raises SecretError: no key opens ours."""
        return hmac.digest(self.key(), f"{purpose}\n{word}".encode("utf-8", "surrogatepass"), "sha256")

    def key(self) -> bytes:
        """Made when it is first needed. Those who make it at once agree on one."""
        with self._lock:  # one at a time: who asks may hold a connection already
            self._key = self._key or self._read()
            return self._key

    def _read(self) -> bytes:
        with translated(), self._engine.begin() as connection:
            sealed = connection.execute(SECRET_BY_NAME, {"name": NAME}).scalar()
            if sealed is None:
                made = self._vault.seal(b64encode(secrets.token_bytes(32)).decode())
                connection.execute(ADD_NAMED_SECRET, {"name": NAME, "sealed": made})
                sealed = connection.execute(SECRET_BY_NAME, {"name": NAME}).scalar_one()
        return b64decode(self._vault.open(sealed))

    def rotate(self) -> bool:
        """Encrypt the key with the first of the vault's keys; the hashes stay. Returns whether it was under another. Raises SecretError."""
        with translated(), self._engine.begin() as connection:
            sealed = connection.execute(SECRET_BY_NAME, {"name": NAME}).scalar()
            anew = self._vault.renewed(sealed) if sealed is not None else None
            if anew is None:
                return False
            return bool(connection.execute(RESEAL_SECRET, {"name": NAME, "sealed": anew, "before": sealed}).rowcount)
