"""A seller's access token: remembered by this process, renewed by one caller at a time across all of them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

from ebay.errors import BadAnswerError, ClientRefusedError, DeadTokenError, EbayError, NotFoundError, QuotaSpentError, RejectedError
from ebay.oauth import OAuth
from store import Store
from store.kinds import AlertKind
from store.tokens import TokenRow

KEYS_REFUSED_TEXT = (
    "eBay refuses the application's client id or secret, and no seller can be polled: check SELLERBEAT_EBAY_CLIENT_ID and "
    "SELLERBEAT_EBAY_CLIENT_SECRET, then restart the worker"
)
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
        self.consents: dict[str, Hashable] = {}  # by seller: whose token that is
        self.keys_refused_until: datetime | None = None  # whoever asks before would only be one more refused request
        self.refused: dict[str, str] = {}  # by seller, while no other could be had: sent again it would only burn a call

    def belongs(self, seller_id: str, consent: Hashable) -> None:
        if self.consents.setdefault(seller_id, consent) != consent:
            self.consents[seller_id] = consent
            self.known.pop(seller_id, None)
            self.refused.pop(seller_id, None)

    def current(self, seller_id: str) -> str:
        return self.known.get(seller_id) or self.renewed(seller_id, self.refused.get(seller_id, ""))

    def renewed(self, seller_id: str, refused: str) -> str:
        """Another access token than the refused one.

        eBay asks to renew when a token is refused, not ahead of time. The lock is on the token's own row: while one caller is at eBay, the
        others of this seller wait here, find the new token and use it.

        Raises:
            DeadTokenError: eBay refuses the refresh token too. It is marked dead, which no later token can suffer from: the row was locked.
            TokensSpentError: eBay gives no tokens for now. Nobody asks again before the time is over, in any process.
            ClientRefusedError: eBay refuses the application's keys. This process asks once a minute, whoever needs a token.
        """
        self.known.pop(seller_id, None)
        self.refused[seller_id] = refused
        asked, failure = False, None
        with self.store.tokens.locked(seller_id) as row:
            if row.dead:
                raise DeadTokenError(row.dead_reason or "the stored token is dead")
            if not row.access_token or row.access_token == refused or row.expires_at is None or row.expires_at <= row.now:
                asked, failure = True, self.refresh(row)
        if failure or not row.access_token:  # raised here and not under the lock, which would forget what the row was told
            raise failure or DeadTokenError("no token")
        self.known[seller_id] = row.access_token
        self.refused.pop(seller_id, None)
        if asked:
            self.store.close_alert(AlertKind.KEYS_REFUSED)  # whoever eBay gives a token shows that the application's keys are good
        if row.end_is_near != row.end_told:
            self.store.sellers.tell_token_end(seller_id)
        return row.access_token

    def refresh(self, row: TokenRow) -> EbayError | None:
        """Ask eBay. What failed and must be remembered with the row is returned; any other error is raised."""
        if seconds := row.spent_for():
            return TokensSpentError("eBay gives no more tokens for now", retry_after_s=seconds)
        if self.keys_refused_until and row.now < self.keys_refused_until:
            raise ClientRefusedError("eBay refused the application's client id or secret a moment ago")
        try:
            fresh = self.oauth.refresh(row.refresh_token, row.scopes)
        except DeadTokenError as error:
            row.kill(str(error))
            return error
        except QuotaSpentError as error:
            seconds = min(error.retry_after_s or A_MOMENT, A_DAY)
            row.spent(timedelta(seconds=seconds))
            return TokensSpentError("eBay gives no more tokens for now", retry_after_s=seconds, status=error.status)
        except ClientRefusedError:
            self.keys_refused_until = row.now + timedelta(seconds=A_MOMENT)
            raise
        except (NotFoundError, RejectedError) as error:  # a step would take them for an answer about what it asked for
            raise BadAnswerError("eBay's token endpoint does not understand us", status=error.status) from None
        row.renew(fresh.value, fresh.expires_at, fresh.refresh_token)
        return None
