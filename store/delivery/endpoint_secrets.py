"""Endpoints' secrets under a new key."""

from sqlalchemy import Engine, text

from store.schema.errors import SecretError, translated
from store.schema.vault import Vault

SEALED_ENDPOINT_SECRETS = text("SELECT endpoint_id, number, secret FROM sellerbeat.endpoint_secrets ORDER BY endpoint_id, number")
RESEAL_ENDPOINT_SECRET = text(
    "UPDATE sellerbeat.endpoint_secrets SET secret = :secret WHERE endpoint_id = :endpoint_id AND number = :number AND secret = :before"
)


class EndpointSecrets:
    """For `rotate-keys`."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def reseal(self) -> tuple[int, list[str]]:
        """Encrypt every secret with the first key. Returns how many were not, and the endpoints with one that no key opens."""
        done, unreadable = 0, []
        with translated(), self._engine.begin() as connection:
            for row in connection.execute(SEALED_ENDPOINT_SECRETS).all():
                try:
                    anew = self._vault.renewed(row.secret)
                except SecretError:
                    unreadable.append(row.endpoint_id)
                    continue
                if anew is not None:
                    values = {"endpoint_id": row.endpoint_id, "number": row.number, "before": row.secret, "secret": anew}
                    done += connection.execute(RESEAL_ENDPOINT_SECRET, values).rowcount
        return done, unreadable
