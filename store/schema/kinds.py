"""The kinds of alerts. Each has a runbook, `docs/runbooks/KIND.md`, and a sentence of what to do (`domain/remedies.py`)."""

from enum import StrEnum

from domain.remedies import runbook as runbook  # beside the kinds, for those who store and show them


class AlertKind(StrEnum):
    """What an alert is of. In the table and in the feed some say more behind a colon: `failing:orders`."""

    # of a seller; a stream or nothing behind the colon
    FAILING = "failing"  # more than 3 failures in a row
    LATE = "late"  # no good poll for 3 intervals
    SLOW_ANSWER = "slow_answer"  # eBay took longer than 10 s
    MANY_CHANGES = "many_changes"  # more than 1,000 changes in one poll
    NEEDS_REAUTHORIZATION = "needs_reauthorization"
    WRONG_ACCOUNT = "wrong_account"  # the token is another eBay account's
    ACCOUNT_TAKEN = "account_taken"  # another seller has the same one, since before that was refused
    TOKEN_ENDS = "token_ends"
    SET_ASIDE = "set_aside"
    MISSED = "missed"  # a sweep found what polling had missed
    MISSED_LISTINGS = "missed_listings"  # the daily report did
    ORDERS_INCOMPLETE = "orders_incomplete"
    INVENTORY_INCOMPLETE = "inventory_incomplete"
    LISTINGS_INCOMPLETE = "listings_incomplete"
    NO_REPORT = "no_report"
    OFFERS_UNREAD = "offers_unread"
    UNDELIVERED = "undelivered"  # to the endpoint behind the colon, in spite of 75 hours of tries
    READY_FOR_WEBHOOKS = "ready_for_webhooks"  # good news: a week in shadow without a loss
    NOT_NOTIFIED = "not_notified"  # polling found what no notification told, of a seller in webhooks
    NOTIFICATIONS_STOPPED = "notifications_stopped"
    # of the fleet; a resource, an endpoint or nothing behind the colon
    KEYS_REFUSED = "keys_refused"
    EBAY_DOWN = "ebay_down"  # a resource of it, or all, for everybody; the text names them
    QUOTA_HIGH = "quota_high"  # more than 90 % of a day's calls are used
    QUOTA_SHORT = "quota_short"  # not even the longest interval promised can be kept
    PLANNER_LATE = "planner_late"
    TWO_DEPLOYMENTS = "two_deployments"
    RESTORED = "restored"  # the database, or a replica took over: readers begin anew
    ENDPOINT_FAILING = "endpoint_failing"  # the one behind the colon, for more than an hour
    EVENTS_AWAITED = "events_awaited"  # older than changes are kept, and an endpoint still waits for them
    PARTITION_MISSING = "partition_missing"  # of changes, polls or deliveries: rows go to the default one, and what is old goes row by row
    ENDPOINT_OFF = "endpoint_off"  # switched off: 5 days of failure, or it wants no more


# types of change events, of which the entity is the seller
NEEDS_REAUTHORIZATION, REAUTHORIZED = "seller.needs_reauthorization", "seller.reauthorized"
CONNECTED, REMOVED = "seller.connected", "seller.removed"


def named(kind: AlertKind, about: str = "") -> str:
    """As it is kept and told: `failing:orders`."""
    return f"{kind}:{about}" if about else f"{kind}"
