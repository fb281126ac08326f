"""Names of endpoints: one of a kind, whatever their letters' case."""

from sqlalchemy import Connection, text

from store.schema.errors import StoreError

LOCK_NAMES_OF_ENDPOINTS = text("SELECT pg_advisory_xact_lock(hashtextextended('sellerbeat.endpoint_names', 0))")
IS_ENDPOINT_NAME_TAKEN = text("SELECT EXISTS (SELECT FROM sellerbeat.endpoints WHERE lower(name) = lower(:name) AND id <> :id)")


class EndpointNameTakenError(StoreError):
    """Another endpoint has this name, whatever its letters' case. Act: another name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another endpoint is called {name}: choose another name, or change that one's")


def reserve_name(connection: Connection, endpoint_id: str, name: str | None) -> None:
    """Until the transaction ends nobody else takes it. None: nothing to do. Raises EndpointNameTakenError."""
    if name is not None:
        connection.execute(LOCK_NAMES_OF_ENDPOINTS)
        if connection.execute(IS_ENDPOINT_NAME_TAKEN, {"name": name, "id": endpoint_id}).scalar():
            raise EndpointNameTakenError(name)
