"""A seller's access token: remembered by this process, renewed by one caller at a time across all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zlib import crc32

from activities.quota.breakers import BreakerGate
from domain.pacing.doubts import PROBE, in_doubt, is_due, is_free, is_own, may_try
from ebay.errors import BadAnswerError, ClientRefusedError, DeadTokenError, EbayError, NotFoundError, QuotaSpentError, RejectedError
from ebay.http import USER_AGENT
from ebay.oauth import AccessToken, OAuth
from store import Store
from store.schema.kinds import AlertKind
from store.sellers.tokens import TokenRow
from store.sellers.trials import Trial

KEYS_REFUSED_TEXT = (
    "eBay refuses the application's client id or secret, and no seller can be polled: check SELLERBEAT_EBAY_CLIENT_ID and "
    "SELLERBEAT_EBAY_CLIENT_SECRET, then restart the worker"
)
KEYS_DOUBTED_TEXT = (
    "eBay refuses sellers' consents in a way that rather tells of the keys than of the sellers: those in .env are not the ones that the "
    "consents were given to. Check SELLERBEAT_EBAY_CLIENT_ID, SELLERBEAT_EBAY_CLIENT_SECRET and SELLERBEAT_EBAY_API_URL, then restart the "
    "worker. Nobody has to consent anew"
)
A_MOMENT, A_DAY = 60.0, 86_400.0  # seconds to wait after a 429 of the token endpoint: where eBay does not say how long, and the longest
NARROW_AN_HOUR = 10  # of one seller by one process: each is a call of the token endpoint, whose quota is the fleet's
AN_HOUR = timedelta(hours=1)
VERSION = USER_AGENT  # of ours: another one may mend what this one failed at


class TokensSpentError(QuotaSpentError):
    """eBay gives the application no more access tokens for now (429 at the token endpoint).

    Not retried: who needs a token waits for `retry_after_s`. The quotas of calls are others, and not spent by this.
    """


class KeysDoubtedError(ClientRefusedError):
    """eBay refuses the seller's token, or others' of the same key, but it may be for the application's keys: nobody's token is dead.

    Not retried: the fleet asks now and then, and who needs a token waits. An operator checks the keys.
    """

    def pause_of(self, seller_id: str) -> timedelta:
        """30 to 60 s, apart from each other: once the keys are right, all poll again within two minutes."""
        return PROBE + timedelta(seconds=crc32(seller_id.encode()) % 30)


class ScopesRefusedError(EbayError):
    """eBay gives no access token for these scopes, since the seller's consent lacks one. Not retried: a new consent may have it."""


class NarrowTokensSpentError(QuotaSpentError):
    """The app had this seller's token for so many sets of scopes within the hour that it gets no other one. Nothing was asked of eBay.

    Not retried: the app asks again after `retry_after_s`, or for scopes that it had before.
    """


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A seller's access token. Texts of it hold no token."""

    value: str = field(repr=False)
    expires_at: datetime  # UTC
    scopes: tuple[str, ...]  # of the consent where nobody asked for less; () for all that the seller gave


class StoredTokens:
    """Serves `ebay.client.AccessTokens` from `store/`."""

    def __init__(self, store: Store, oauth: OAuth) -> None:
        self.store, self.oauth = store, oauth
        self.breakers = BreakerGate(store)
        self.known: dict[str, str] = {}  # by seller: a quiet poll reads no token from Postgres
        self.consents: dict[str, Hashable] = {}  # by seller: whose token that is
        self.began: dict[str, datetime] = {}  # by seller: when their latest step did, by the clock that paces the polls
        self.keys_refused_until: datetime | None = None  # whoever asks before would only be one more refused request
        self.narrowed: dict[tuple[str, frozenset[str]], tuple[int, HeldToken]] = {}  # by seller and scopes, with the consent's number
        self.minted: dict[str, list[datetime]] = {}  # by seller: when eBay answered for narrow ones, the oldest first
        self.refused: dict[str, str] = {}  # by seller, while no other could be had: sent again it would only burn a call

    def belongs(self, seller_id: str, consent: Hashable, now: datetime | None = None) -> None:
        if now:
            self.began[seller_id] = now
        if self.consents.setdefault(seller_id, consent) != consent:
            self.consents[seller_id] = consent
            self.breakers.refreshes.pop(seller_id, None)
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
            KeysDoubtedError: it does, but that may be for the application's keys.
            TokensSpentError: eBay gives no tokens for now. Nobody asks again before the time is over, in any process.
            ClientRefusedError: eBay refuses the application's keys. This process asks once a minute, whoever needs a token.
        """
        self.known.pop(seller_id, None)
        self.refused[seller_id] = refused
        token = self.lasting(seller_id, refused).value
        self.known[seller_id] = token
        self.refused.pop(seller_id, None)
        return token

    def lasting(self, seller_id: str, refused: str = "", lives: timedelta = timedelta()) -> HeldToken:
        """An access token that lives for so long yet, and is not the refused one. Raises as `renewed` does."""
        trial, failure = None, None
        with self.breakers.tokens(seller_id) as gate, self.store.tokens.locked(seller_id) as row:
            if row.dead:
                raise DeadTokenError(row.dead_reason or "the stored token is dead")
            if not row.access_token or row.access_token == refused or row.expires_at is None or row.expires_at <= row.now + lives:
                trial = row.trial(self.oauth.client, VERSION, self.began.get(seller_id, row.now))
                failure = self.refresh(row, trial, gate)
        if trial:
            self.apply_to_others(trial, failure)
        if failure or not row.access_token or row.expires_at is None:  # raised here: the lock would forget what the row was told
            raise failure or DeadTokenError("no token")
        if row.end_is_near != row.end_reported:
            self.store.sellers.sync_token_end_alert(seller_id)
        return HeldToken(row.access_token, row.expires_at, row.scopes)

    def narrow(self, seller_id: str, scopes: Sequence[str], lives: timedelta) -> HeldToken:
        """An access token for some of the consent's scopes alone, kept by this process and not in Postgres, where polls need the whole one.

        Raises:
            ScopesRefusedError: the consent does not have all of these. The token is as good as before.
            NarrowTokensSpentError: it would be too many within the hour.
            others as `renewed` does.
        """
        key = seller_id, frozenset(scopes)
        with self.breakers.tokens(seller_id) as gate, self.store.tokens.locked(seller_id) as row:
            if row.dead:
                raise DeadTokenError(row.dead_reason or "the stored token is dead")
            self.narrowed = {one: held for one, held in self.narrowed.items() if held[1].expires_at > row.now}
            generation, held = self.narrowed.get(key, (0, None))
            if held and generation == row.generation and held.expires_at > row.now + lives:
                return held
            minted = self.minted[seller_id] = [at for at in self.minted.get(seller_id, []) if at > row.now - AN_HOUR]
            if len(minted) >= NARROW_AN_HOUR:
                again_s = (minted[0] + AN_HOUR - row.now).total_seconds()
                raise NarrowTokensSpentError(f"{NARROW_AN_HOUR} sets of scopes an hour are enough", retry_after_s=again_s)
            trial = row.trial(self.oauth.client, VERSION, row.now)
            try:
                fresh = self.ask(row, trial, gate, scopes)
            except ScopesRefusedError:
                minted.append(row.now)  # a call like any other
                raise
            if isinstance(fresh, AccessToken):
                minted.append(row.now)
                trial.worked()
                if fresh.refresh_token:  # eBay gave another one, which replaces it; the next poll asks for the whole token
                    row.renew(fresh.value, row.now, fresh.refresh_token, trial)
        if isinstance(fresh, EbayError):
            self.apply_to_others(trial, fresh)
            raise fresh
        held = HeldToken(fresh.value, fresh.expires_at, tuple(scopes))
        self.narrowed[key] = row.generation, held
        return held

    def revived(self, seller_id: str, now: datetime | None = None) -> bool:
        """Try a dead token again, where that is due: with other keys, by another version of ours, and once a day.

        Returns whether it is dead no more. Raises what `renewed` does, but DeadTokenError.
        """
        with self.breakers.tokens(seller_id) as gate, self.store.tokens.locked(seller_id) as row:
            if not row.dead:
                return True
            now = now or self.began.get(seller_id, row.now)
            if not is_due(row.tried, self.oauth.client, VERSION, now):
                return False
            trial = row.trial(self.oauth.client, VERSION, now)
            if in_doubt(trial.key, now):
                return False
            failure = self.refresh(row, trial, gate)
        if isinstance(failure, DeadTokenError):
            return False
        self.apply_to_others(trial, failure)
        if failure:
            raise failure
        return True

    def refresh(self, row: TokenRow, trial: Trial, gate: Callable[[], None]) -> EbayError | None:
        """Ask eBay, if the `gate` lets us. What failed and must be remembered with the row is returned; any other error is raised."""
        fresh = self.ask(row, trial, gate, row.scopes)
        if isinstance(fresh, EbayError):
            return fresh
        row.renew(fresh.value, fresh.expires_at, fresh.refresh_token, trial)
        trial.worked()
        return None

    def ask(self, row: TokenRow, trial: Trial, gate: Callable[[], None], scopes: Sequence[str]) -> AccessToken | EbayError:
        """The one place where eBay is asked for a seller's access token; results as `refresh`."""
        if seconds := row.spent_for():
            return TokensSpentError("eBay gives no more tokens for now", retry_after_s=seconds)
        if self.keys_refused_until and trial.now < self.keys_refused_until:
            raise ClientRefusedError("eBay refused the application's client id or secret a moment ago")
        if not self.may_try(trial):
            return KeysDoubtedError("eBay refused consents a moment ago, perhaps for the application's keys")
        gate()
        try:
            return self.oauth.refresh(row.refresh_token, scopes)
        except DeadTokenError as error:
            if tuple(scopes) != row.scopes and error.of_scopes:  # it says nothing of the consent
                raise ScopesRefusedError("the seller's consent does not have these scopes", status=error.status) from None
            return self.judged(row, trial, error)
        except QuotaSpentError as error:
            seconds = min(error.retry_after_s or A_MOMENT, A_DAY)
            row.spent(timedelta(seconds=seconds))
            return TokensSpentError("eBay gives no more tokens for now", retry_after_s=seconds, status=error.status)
        except ClientRefusedError:
            self.keys_refused_until = trial.now + timedelta(seconds=A_MOMENT)
            raise
        except (NotFoundError, RejectedError) as error:  # a step would take them for an answer about what it asked for
            raise BadAnswerError("eBay's token endpoint does not understand us", status=error.status) from None

    def may_try(self, trial: Trial) -> bool:
        if not may_try(trial.consent, trial.key, trial.refused_by_key, trial.now):
            return False
        return not in_doubt(trial.key, trial.now) or is_free(trial.consent, trial.key) or trial.claim()

    def judged(self, row: TokenRow, trial: Trial, error: DeadTokenError) -> EbayError:
        """What a refusal means: the seller's own word, or rather one about our keys."""
        trial.refused()
        if row.dead or is_own(trial.consent, trial.key, trial.asked, trial.now):
            row.kill(str(error))
            return error
        if not in_doubt(trial.key, trial.now):
            trial.doubt()
        return KeysDoubtedError("eBay refused the consent, perhaps for the application's keys", status=error.status)

    def apply_to_others(self, trial: Trial, failure: EbayError | None) -> None:
        """What a try means for the others, once it is stored: the keys are good, so the alert closes; or some were believed dead too soon,
        and are revived.
        """
        if failure is None and not in_doubt(trial.key, trial.now):
            self.store.close_alert(AlertKind.KEYS_REFUSED)
        elif isinstance(failure, KeysDoubtedError) and trial.asked.several:
            for seller_id in self.store.tokens.trials.killed_lately(trial.client, trial.now):
                self.store.tokens.trials.revive(seller_id, trial.now)
