"""What the checks of `starter.py doctor` share: what earlier ones found, and how one says that it looked at nothing, or warns."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.client import Client

from ebay.oauth import AccessToken
from operations.errors import FailedError


class NotLookedAtError(FailedError):
    """What it needs is wrong itself, and says so in a line of its own."""


class NotSeenError(Exception):
    """Nothing is known to be wrong, but somebody should look: a warning."""


@dataclass
class Visit:
    """What earlier checks found, for later ones."""

    client: Client | None = None
    namespace: bool = False
    tables: bool = False
    token: AccessToken | None = None

    def temporal(self) -> Client:
        """The client that the check before found. Raises NotLookedAtError."""
        if self.client is None:
            raise NotLookedAtError("not looked at: Temporal comes first")
        return self.client
