"""A seller's access token: remembered by this process, renewed by one caller at a time across all of them."""

from __future__ import annotations

from datetime import timedelta

from ebay.errors import BadAnswerError, DeadTokenError, EbayError, NotFoundError, QuotaSpentError, RejectedError
from ebay.oauth import OAuth
from store import Store
from store.tokens import TokenRow

KEYS_REFUSED = "keys_refused"  # the alert's kind
A_MOMENT, A_DAY = 60.0, 86_400.0  # seconds to wait after a 429 of the token endpoint: where eBay does not say how long, and the longest


class TokensSpentError(QuotaSpentError):
    """eBay gives the application no more access tokens for now (429 at the token endpoint).

    Not retried: who needs a token waits for `retry_after_s`. The quotas of calls are others, and not spent by this.
    """


class StoredTokens:
    """Serves `ebay.client.AccessTokens` from `store/`."""

    def __init__(self, store: Store, oauth: OAuth) -> None:
        self.store, self.oauth = store, oauth
        self.known: dict[str, str] = {}  # by seller: a quiet poll reads no token from Postgres
        self.refused: dict[str, str] = {}  # by seller, while no other could be had: sent again it would only burn a call

    def current(self, seller_id: str) -> str:
        return self.known.get(seller_id) or self.renewed(seller_id, self.refused.get(seller_id, ""))

    def renewed(self, seller_id: str, refused: str) -> str:
        """Another access token than the refused one.

        eBay asks to renew when a token is refused, not ahead of time. The lock is on the token's own row: while one caller is at eBay, the
        others of this seller wait here, find the new token and use it.

        Raises:
            DeadTokenError: eBay refuses the refresh token too. It is marked dead, which no later token can suffer from: the row was locked.
            TokensSpentError: eBay gives no tokens for now. Nobody asks again before the time is over, in any process.
        """
        self.known.pop(seller_id, None)
        self.refused[seller_id] = refused
        with self.store.tokens.locked(seller_id) as row:
            if row.dead:
                raise DeadTokenError(row.dead_reason or "the stored token is dead")
            found, asked = row.access_token, False
            if not found or found == refused or row.expires_at is None or row.expires_at <= row.now:
                failure, asked = self.refresh(row), True
                if not failure:
                    found = row.access_token
        # from here on the row's lock is given back, and what the row was told of a failure is kept
        if asked and failure:
            raise failure
        assert found
        self.known[seller_id] = found
        self.refused.pop(seller_id, None)
        return found
