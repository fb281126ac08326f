"""The site of the room web/, in this process: requests without a socket."""

from tests.web.conftest import ebay, it, open_site, patient, rooms_store, site, store  # noqa: F401 - fixtures
