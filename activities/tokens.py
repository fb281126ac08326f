"""A seller's access token: remembered by this process, renewed by one caller at a time across all of them."""

from __future__ import annotations

from ebay.errors import DeadTokenError
from ebay.oauth import OAuth
from store import Store

KEYS_REFUSED = "keys_refused"  # the alert's kind


class StoredTokens:
    """Serves `ebay.client.AccessTokens` from `store/`."""

    def __init__(self, store: Store, oauth: OAuth) -> None:
        self.store, self.oauth = store, oauth
        self.known: dict[str, str] = {}  # by seller: a quiet poll reads no token from Postgres

    def current(self, seller_id: str) -> str:
        return self.known.get(seller_id) or self.renewed(seller_id, refused="")

    def renewed(self, seller_id: str, refused: str) -> str:
        """Another access token than the refused one.

        eBay asks to renew when a token is refused, not ahead of time. The lock is on the token's own row: while one caller is at eBay, the
        others of this seller wait here, find the new token and use it.

        Raises:
            DeadTokenError: eBay refuses the refresh token too. It is marked dead, which no later token can suffer from: the row was locked.
        """
        dead: DeadTokenError | None = None
        with self.store.tokens.locked(seller_id) as row:
            if row.dead:
                raise DeadTokenError(row.dead_reason or "the stored token is dead")
            token = row.access_token
            if not token or token == refused or row.expires_at is None or row.expires_at <= row.now:
                try:
                    fresh = self.oauth.refresh(row.refresh_token, row.scopes)
                except DeadTokenError as error:
                    dead = error
                    row.kill(str(error))
                else:
                    token = fresh.value
                    row.renew(fresh.value, fresh.expires_at, fresh.refresh_token)
        if dead or not token:
            self.known.pop(seller_id, None)
            raise dead or DeadTokenError("no token")
        self.known[seller_id] = token
        self.store.close_alert(KEYS_REFUSED)  # whoever gets a token shows that the application's keys are good
        return token
