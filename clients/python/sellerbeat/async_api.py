"""The whole API: a method a route. Written by `make docs` from the API's description; change nothing here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from sellerbeat import answers
from sellerbeat.calls import AsyncCalls
from sellerbeat.wire import segment


class AsyncSellerbeat(AsyncCalls):
    """`AsyncSellerbeat(url, token)`, and await it: what the token's scope lets in.

    Writes have an Idempotency-Key, and are repeated under it. Refusals are errors of `sellerbeat.errors`, each with its `code`. Durations
    are text such as 30s, 5m, 6h or 30d.
    """

    async def changes(
        self,
        *,
        after: int | Literal["latest"] | None = None,
        limit: int | None = None,
        seller: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        feed: str | None = None,
        wait: str | None = None,
    ) -> answers.Changes:
        """The changes behind a position, oldest first. Who goes on after `next` misses none and gets none twice."""
        query = {"after": after, "limit": limit, "seller": seller, "type": type, "feed": feed, "wait": wait}
        return await self._call(answers.Changes, "GET", "/v1/changes", query)

    async def enroll(
        self,
        seller_id: str,
        *,
        refresh_token: str,
        refresh_token_expires: str | None = None,
        scopes: Sequence[str] | str | None = None,
        cadences: Mapping[str, Any] | None = None,
        backfill: str | None = None,
        last_poll_at: str | None = None,
        inventory_source: Literal["auto", "inventory_api", "trading", "both"] | None = None,
        offers: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.EnrolmentAnswer:
        """Enrol a seller, or give an enrolled one a new token.

        eBay is asked first: 422 `token_refused` where it refuses the token, 503 `ebay_away` where it does not answer, 409
        `wrong_account` or `account_taken` where it is another account than the seller's, or another seller's. Then nothing is stored.
        """
        body = {
            "refresh_token": refresh_token,
            "refresh_token_expires": refresh_token_expires,
            "scopes": scopes,
            "cadences": cadences,
            "backfill": backfill,
            "last_poll_at": last_poll_at,
            "inventory_source": inventory_source,
            "offers": offers,
        }
        return await self._call(answers.EnrolmentAnswer, "PUT", f"/v1/sellers/{segment(seller_id)}", body=body, key=idempotency_key)

    async def seller(self, seller_id: str) -> answers.SellerAnswer:
        """One seller: the state and why, each stream's last and next poll, and the day's numbers. The answer has an ETag."""
        return await self._call(answers.SellerAnswer, "GET", f"/v1/sellers/{segment(seller_id)}")

    async def remove_seller(
        self,
        seller_id: str,
        *,
        erase: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.RemovalAnswer:
        """Stop polling a seller for good and forget the token. What was recorded stays, unless erased. Repeating it is fine."""
        query = {"erase": erase}
        return await self._call(answers.RemovalAnswer, "DELETE", f"/v1/sellers/{segment(seller_id)}", query, key=idempotency_key)

    async def reauthorize(
        self,
        seller_id: str,
        *,
        refresh_token: str,
        refresh_token_expires: str | None = None,
        scopes: Sequence[str] | str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.EnrolmentAnswer:
        """Give an enrolled seller the token of a new consent: polling goes on from the cursor. Refused as `PUT` refuses."""
        body = {"refresh_token": refresh_token, "refresh_token_expires": refresh_token_expires, "scopes": scopes}
        return await self._call(
            answers.EnrolmentAnswer,
            "POST",
            f"/v1/sellers/{segment(seller_id)}/reauthorize",
            body=body,
            key=idempotency_key,
        )

    def sellers(
        self,
        *,
        state: Literal["polling", "paused", "needs_reauthorization", "waiting_for_quota", "ebay_down", "failing", "stalled", "removed"]
        | None = None,
        q: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> AsyncIterator[answers.SellerRow]:
        """All sellers by id, removed ones too, each with its state and why, from what Postgres holds."""
        query = {"state": state, "q": q, "limit": limit, "after": after}
        return self._pages(answers.SellerRow, "sellers", "/v1/sellers", query, "after")

    async def seller_day(self, seller_id: str) -> answers.DayAnswer:
        """The last 24 hours of a seller in buckets: polls, changes, failures, acts such as pauses, alerts, notifications of eBay.

        Sums of at most a few hundred buckets, however much happened. The page draws the same.
        """
        return await self._call(answers.DayAnswer, "GET", f"/v1/sellers/{segment(seller_id)}/day")

    async def link(
        self,
        seller_id: str,
        *,
        return_to: str | None = None,
        app: str | None = None,
        valid_for: str | None = None,
        scopes: Sequence[str] | str | None = None,
        orders_every: str | None = None,
        backfill: str | None = None,
        inventory_source: Literal["auto", "inventory_api", "trading", "both"] | None = None,
        offers: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.LinkAnswer:
        """An address at eBay where the seller gives their consent, which enrols or revives them. `seller.connected` tells that they did."""
        body = {
            "return_to": return_to,
            "app": app,
            "valid_for": valid_for,
            "scopes": scopes,
            "orders_every": orders_every,
            "backfill": backfill,
            "inventory_source": inventory_source,
            "offers": offers,
        }
        return await self._call(answers.LinkAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/link", body=body, key=idempotency_key)

    async def ebay_token(
        self,
        seller_id: str,
        *,
        scopes: Sequence[str] | None = None,
        calls: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
    ) -> answers.TokenAnswer:
        """A short-lived access token for the app's own calls at eBay, within the consent. Only for tokens made with `--ebay`.

        422 `scope_missing` where the consent lacks a scope, 409 `no_token` where the seller has to consent anew, 429 `quota` where
        the day's quota does not have the calls, 429 `too_many_tokens` where ten other choices of scopes were given within the hour.
        """
        body = {"scopes": scopes, "calls": calls}
        return await self._call(answers.TokenAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/token", body=body, key=idempotency_key)

    async def pause(
        self,
        seller_id: str,
        *,
        reason: str | None = None,
        until: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.PausedAnswer:
        """Stop polling a seller until `resume`, or until then. The cursor stays, so nothing is lost."""
        body = {"reason": reason, "until": until}
        return await self._call(answers.PausedAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/pause", body=body, key=idempotency_key)

    async def resume(self, seller_id: str, *, idempotency_key: str | None = None) -> answers.StateAnswer:
        """Poll a paused seller again, at once, from the cursor."""
        return await self._call(answers.StateAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/resume", key=idempotency_key)

    async def pause_all(
        self,
        *,
        reason: str | None = None,
        until: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.FleetAnswer:
        """Stop polling every enrolled seller."""
        body = {"reason": reason, "until": until}
        return await self._call(answers.FleetAnswer, "POST", "/v1/pause", body=body, key=idempotency_key)

    async def resume_all(self, *, idempotency_key: str | None = None) -> answers.FleetAnswer:
        """Poll every enrolled seller again."""
        return await self._call(answers.FleetAnswer, "POST", "/v1/resume", key=idempotency_key)

    async def poll_now(
        self,
        seller_id: str,
        *,
        stream: Literal["orders", "fulfillment", "inventory"] | None = None,
        idempotency_key: str | None = None,
    ) -> answers.PollNowAnswer:
        """Poll a seller as soon as the call in hand is done."""
        body = {"stream": stream}
        return await self._call(answers.PollNowAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/poll-now", body=body, key=idempotency_key)

    async def speed_up(self, seller_id: str, *, every: str, for_: str, idempotency_key: str | None = None) -> answers.SpeedUpAnswer:
        """Poll a seller more often for a while."""
        body = {"every": every, "for": for_}
        return await self._call(answers.SpeedUpAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/speed-up", body=body, key=idempotency_key)

    async def active(self, seller_id: str, *, idempotency_key: str | None = None) -> answers.ActiveAnswer:
        """Tell that the seller is using the app, at every click: within the hour it costs nothing. A dormant one is polled at once."""
        return await self._call(answers.ActiveAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/active", key=idempotency_key)

    async def active_many(self, *, sellers: Sequence[str], idempotency_key: str | None = None) -> answers.ActivesAnswer:
        """The same of many. Who is not enrolled is named in the answer; where nobody is, it is 404 or 409.

        A token that is narrowed to sellers may name its own alone.
        """
        body = {"sellers": sellers}
        return await self._call(answers.ActivesAnswer, "POST", "/v1/active", body=body, key=idempotency_key)

    async def set_cadence(
        self,
        seller_id: str,
        *,
        orders: str | None = None,
        fulfillment: str | None = None,
        inventory: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.CadenceAnswer:
        """Set a seller's base intervals for good; quiet hours still slow them down. Needs a running worker: 503 `no_worker`."""
        body = {"orders": orders, "fulfillment": fulfillment, "inventory": inventory}
        return await self._call(answers.CadenceAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/cadence", body=body, key=idempotency_key)

    async def set_inventory(
        self,
        seller_id: str,
        *,
        source: Literal["auto", "inventory_api", "trading", "both"] | None = None,
        offers: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.InventoryAnswer:
        """Change where a seller's stock is read, and whether offers are; from the next step on. What was recorded stays."""
        body = {"source": source, "offers": offers}
        return await self._call(
            answers.InventoryAnswer,
            "POST",
            f"/v1/sellers/{segment(seller_id)}/inventory",
            body=body,
            key=idempotency_key,
        )

    async def set_mode(
        self,
        seller_id: str,
        *,
        mode: Literal["polling", "shadow", "webhooks"],
        force: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.ModeAnswer:
        """Say how a seller is watched: by polling, by polling compared with notifications, or by notifications with polling as safety
        net.

        To webhooks before the seller is ready it is 409 `not_ready`, unless forced.
        """
        body = {"mode": mode, "force": force}
        return await self._call(answers.ModeAnswer, "POST", f"/v1/sellers/{segment(seller_id)}/mode", body=body, key=idempotency_key)

    def snapshot(
        self,
        seller_id: str,
        entities: Literal["orders", "fulfillments", "inventory", "offers"],
        *,
        after: str | None = None,
        limit: int | None = None,
        id: Sequence[str] | None = None,
    ) -> AsyncIterator[answers.EntityAnswer]:
        """Orders, parcels, stock or offers as they are stored, removed and set-aside ones too, by id. A page shows one moment."""
        query = {"after": after, "limit": limit, "id": id}
        return self._pages(
            answers.EntityAnswer,
            "entities",
            f"/v1/sellers/{segment(seller_id)}/snapshot/{segment(entities)}",
            query,
            "after",
        )

    def polls(self, seller_id: str, *, after: str | None = None, limit: int | None = None) -> AsyncIterator[answers.PollAnswer]:
        """Polls that found something, failed or were asked for, the newest first. Quiet ones leave no row."""
        query = {"after": after, "limit": limit}
        return self._pages(answers.PollAnswer, "polls", f"/v1/sellers/{segment(seller_id)}/polls", query, "after")

    def set_aside(
        self,
        *,
        seller: Sequence[str] | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[answers.AsideAnswer]:
        """Documents that are set aside, the newest first, each with the reason and without its contents."""
        query = {"seller": seller, "after": after, "limit": limit}
        return self._pages(answers.AsideAnswer, "set_aside", "/v1/set-aside", query, "after")

    async def retry_set_aside(self, aside_id: int, *, idempotency_key: str | None = None) -> answers.RetryAnswer:
        """Try one again now, whatever was tried today."""
        return await self._call(answers.RetryAnswer, "POST", f"/v1/set-aside/{segment(aside_id)}/retry", key=idempotency_key)

    async def notifications(self, seller_id: str) -> answers.TopicCounts:
        """What came of a seller, by topic. What eBay is set up to tell, `setup` and `repair` say: to ask costs calls."""
        return await self._call(answers.TopicCounts, "GET", f"/v1/sellers/{segment(seller_id)}/notifications")

    async def set_up_notifications(self, seller_id: str, *, idempotency_key: str | None = None) -> answers.ArrangedParts:
        """Have eBay tell us of a seller: the destination and the subscriptions. Safe to repeat."""
        return await self._call(answers.ArrangedParts, "POST", f"/v1/sellers/{segment(seller_id)}/notifications/setup", key=idempotency_key)

    async def repair_notifications(self, seller_id: str, *, idempotency_key: str | None = None) -> answers.ArrangedParts:
        """Enable what eBay marked down, make or put right subscriptions; tells only of what is or was wrong."""
        return await self._call(
            answers.ArrangedParts,
            "POST",
            f"/v1/sellers/{segment(seller_id)}/notifications/repair",
            key=idempotency_key,
        )

    async def endpoints(self) -> answers.ShownEndpoints:
        """Who is told of changes: settings, state, what waits, next try, last answer, and how the last 24 hours went."""
        return await self._call(answers.ShownEndpoints, "GET", "/v1/endpoints")

    async def add_endpoint(
        self,
        *,
        url: str,
        kind: Literal["webhook", "chat", "mail"] | None = None,
        types: Sequence[str] | None = None,
        seller: str | None = None,
        thin: bool | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.NewEndpoint:
        """Tell an address of every change from now on, of all sellers or of one. The secret is in this answer alone."""
        body = {"kind": kind, "url": url, "types": types, "seller": seller, "thin": thin, "name": name}
        return await self._call(answers.NewEndpoint, "POST", "/v1/endpoints", body=body, key=idempotency_key)

    async def endpoint(self, endpoint_id: str) -> answers.ShownEndpoint:
        """One endpoint: settings, state, what waits, next try, last answer, and how the last 24 hours went."""
        return await self._call(answers.ShownEndpoint, "GET", f"/v1/endpoints/{segment(endpoint_id)}")

    async def change_endpoint(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        types: Sequence[str] | None = None,
        thin: bool | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.ShownEndpoint:
        """Change the name, the address or what it is told. It goes on from where it stands; another address is tried at once."""
        body = {"url": url, "types": types, "thin": thin, "name": name}
        return await self._call(answers.ShownEndpoint, "PATCH", f"/v1/endpoints/{segment(endpoint_id)}", body=body, key=idempotency_key)

    async def remove_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> None:
        """Forget an endpoint, with its secrets, its place in the feed and its log."""
        await self._json("DELETE", f"/v1/endpoints/{segment(endpoint_id)}", key=idempotency_key)

    async def test_endpoint(self, endpoint_id: str, *, type: str | None = None, idempotency_key: str | None = None) -> answers.AttemptShown:
        """Send one signed event of the type `endpoint.test` now, and tell how it was answered. It is no change: no cursor moves.

        Where it was taken, what waited for a later try is sent now too (`freed`).
        """
        query = {"type": type}
        return await self._call(answers.AttemptShown, "POST", f"/v1/endpoints/{segment(endpoint_id)}/test", query, key=idempotency_key)

    async def enable_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> answers.ShownEndpoint:
        """Switch it on: it catches up from where it was."""
        return await self._call(answers.ShownEndpoint, "POST", f"/v1/endpoints/{segment(endpoint_id)}/enable", key=idempotency_key)

    async def disable_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> answers.ShownEndpoint:
        """Switch it off. Its place in the feed stays, so nothing is lost."""
        return await self._call(answers.ShownEndpoint, "POST", f"/v1/endpoints/{segment(endpoint_id)}/disable", key=idempotency_key)

    async def retry_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> answers.DueEndpoint:
        """Deliver now what waits for a later try, in order for each seller; tries are counted on. 409: it is switched off."""
        return await self._call(answers.DueEndpoint, "POST", f"/v1/endpoints/{segment(endpoint_id)}/retry", key=idempotency_key)

    async def rotate_secret(
        self,
        endpoint_id: str,
        *,
        drop_old: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.NewSecret:
        """A new secret beside the others; once the receiver knows it, `{"drop_old": true}`. Each message carries a signature for each."""
        body = {"drop_old": drop_old}
        return await self._call(answers.NewSecret, "POST", f"/v1/endpoints/{segment(endpoint_id)}/rotate", body=body, key=idempotency_key)

    def deliveries(
        self,
        *,
        endpoint: str | None = None,
        seller: str | None = None,
        type: Sequence[str] | None = None,
        failed: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> AsyncIterator[answers.LoggedAttempt]:
        """The log of what was sent, with the answers. A token that is narrowed names one of its sellers."""
        query = {
            "endpoint": endpoint,
            "seller": seller,
            "type": type,
            "failed": failed,
            "since": since,
            "until": until,
            "limit": limit,
            "after": after,
        }
        return self._pages(answers.LoggedAttempt, "deliveries", "/v1/deliveries", query, "after")

    async def delivery(self, message_id: str, *, reveal: bool | None = None) -> answers.DeliveredMessage:
        """One message: its endpoints, all attempts, and for a token of scope admin the body, without the buyer unless asked for."""
        query = {"reveal": reveal}
        return await self._call(answers.DeliveredMessage, "GET", f"/v1/deliveries/{segment(message_id)}", query)

    async def replay(
        self,
        *,
        ids: Sequence[str] | None = None,
        first: int | None = None,
        last: int | None = None,
        seller: str | None = None,
        endpoint: str | None = None,
        types: Sequence[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        failed: bool | None = None,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> answers.Replayed:
        """Send changes again, under the same ids, to every endpoint that wants them or to one; they go out behind what is new."""
        body = {
            "ids": ids,
            "first": first,
            "last": last,
            "seller": seller,
            "endpoint": endpoint,
            "types": types,
            "since": since,
            "until": until,
            "failed": failed,
            "dry_run": dry_run,
        }
        return await self._call(answers.Replayed, "POST", "/v1/replays", body=body, key=idempotency_key)

    def replays(self, *, limit: int | None = None, after: int | None = None) -> AsyncIterator[answers.ReplayProgress]:
        """Replays with their progress, the newest first."""
        query = {"limit": limit, "after": after}
        return self._pages(answers.ReplayProgress, "replays", "/v1/replays", query, "after")

    async def replay_progress(self, replay_id: int) -> answers.ReplayProgress:
        """How many of how many messages of a replay are sent."""
        return await self._call(answers.ReplayProgress, "GET", f"/v1/replays/{segment(replay_id)}")

    async def alerts(
        self,
        *,
        closed: bool | None = None,
        seller: str | None = None,
        cause: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> answers.ShownAlerts:
        """What needs a look, and what to do. A token that is narrowed names one of its sellers."""
        query = {"closed": closed, "seller": seller, "cause": cause, "after": after, "limit": limit}
        return await self._call(answers.ShownAlerts, "GET", "/v1/alerts", query)

    async def quota(self, *, plan: int | None = None) -> answers.ShownQuota:
        """Calls made today, by eBay's resource, against the quota."""
        query = {"plan": plan}
        return await self._call(answers.ShownQuota, "GET", "/v1/quota", query)

    async def find(self, *, q: str) -> answers.FindAnswer:
        """Whose an order number, line item, item id or SKU is, across all sellers: orders, parcels, listings, inventory, offers.

        Ids of our own tables alone are searched: nothing of a buyer's, and no tracking number. Line items are of orders since the
        enrolment.
        """
        query = {"q": q}
        return await self._call(answers.FindAnswer, "GET", "/v1/find", query)

    def reconcile(
        self,
        *,
        seller: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> AsyncIterator[answers.Reconciled]:
        """Polling compared with notifications, over the last 7 days or [since, until). A token that is narrowed names one of its
        sellers.
        """
        query = {"seller": seller, "since": since, "until": until, "limit": limit, "after": after}
        return self._pages(answers.Reconciled, "sellers", "/v1/reconcile", query, "after")

    def audit(
        self,
        *,
        seller: str | None = None,
        author: str | None = None,
        action: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> AsyncIterator[answers.Act]:
        """Who did what, whichever door it came by: command line, page or API."""
        query = {"seller": seller, "author": author, "action": action, "limit": limit, "before": before}
        return self._pages(answers.Act, "acts", "/v1/audit", query, "before")

    async def tokens(self) -> answers.ListedTokens:
        """All tokens in use, and those that ended in the last 30 days; never the tokens themselves."""
        return await self._call(answers.ListedTokens, "GET", "/v1/tokens")

    async def create_token(
        self,
        *,
        name: str,
        scope: Literal["feed", "read", "control", "admin"],
        ebay: bool | None = None,
        sellers: Sequence[str] | None = None,
        expires: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.MadeToken:
        """Make a token. The answer has it once: it is stored nowhere. Only who may have eBay's tokens can give that on."""
        body = {"name": name, "scope": scope, "ebay": ebay, "sellers": sellers, "expires": expires}
        return await self._call(answers.MadeToken, "POST", "/v1/tokens", body=body, key=idempotency_key)

    async def revoke_token(self, token_id: str, *, idempotency_key: str | None = None) -> answers.RevokedToken:
        """End a token, at once in this process and within two seconds in others. Who waits with it gets 401."""
        return await self._call(answers.RevokedToken, "DELETE", f"/v1/tokens/{segment(token_id)}", key=idempotency_key)

    async def event_types(self) -> answers.EventCatalogue:
        """What types of events there are: when each is told, its schema, and a sample."""
        return await self._call(answers.EventCatalogue, "GET", "/v1/events")

    async def event_schema(self, type: str, *, version: int | None = None) -> dict[str, Any]:
        """The JSON Schema of a type's events: the whole event with its `data`, in `$defs` its thin form and the body of its deliveries."""
        query = {"version": version}
        found: dict[str, Any] = await self._json("GET", f"/v1/events/{segment(type)}/schema.json", query)
        return found
