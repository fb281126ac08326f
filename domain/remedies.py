"""What to do about a state, an error or an alert: one sentence each, the same on the page, in the Web UI and in a terminal."""

from __future__ import annotations

from domain.ebay_standing import EbayFault, fault_of, remedy

STATES = {
    "stalled": "Nobody is polled until it is mended: see starter.py doctor, and docs/runbooks/outages.md. Nothing is lost, it is late.",
    "needs_reauthorization": "Send the seller the address that starter.py connect {seller} prints, or give it their new token.",
    "ebay_down": "Nothing: one call in a while asks whether eBay is back, then all go on. Nothing is lost meanwhile.",
    "failing": "Polling tries again by itself, ever more rarely. See the open alerts and each stream's last error; poll-now tries at once.",
    "waiting_for_quota": "Nothing: polling goes on when eBay's quota is there again, and nothing is lost meanwhile.",
    "paused": "Resume when it is time (starter.py resume {seller}): polling goes on from where it stopped, and nothing is lost.",
    "paused_with_end": "Nothing: it ends by itself, and polling goes on from where it stopped; starter.py resume {seller} ends it now.",
    "removed": "Enrol the seller again to poll them: starter.py enroll {seller} --refresh-token-file FILE",
}
ERRORS = {
    "EbayUnavailableError": "eBay does not answer well. Retried; nobody needs to act unless it lasts.",
    "BadAnswerError": "eBay answers what cannot be read. Retried; if it lasts, a developer compares eBay's documents with this client.",
    "QuotaSpentError": "eBay's quota of calls is spent. Wait for its reset.",
    "DeadTokenError": "Only the seller's new consent helps: starter.py connect {seller} --refresh-token-file FILE",
    "ClientRefusedError": "eBay refuses the application's keys: correct SELLERBEAT_EBAY_CLIENT_ID and SELLERBEAT_EBAY_CLIENT_SECRET.",
    "AnotherAccountError": "Only a consent of the seller's own account helps: starter.py connect {seller}",
    "AccessDeniedError": "The consent lacks a scope: ask for a wider one, then: starter.py connect {seller} --refresh-token-file FILE",
    "RejectedError": "eBay says that our request is wrong: a developer has to look.",
    "StoreUnavailableError": "Postgres is missing or too busy: look at it.",
    "RestoredDatabaseError": "A running worker makes the database good by itself. Then run starter.py restored.",
    "NotAllowedError": "Give the role of SELLERBEAT_DATABASE_URL its rights: docs/how-to/share-a-database.md, Roles.",
    "TablesMissingError": "Run: starter.py migrate",
    "TablesUnknownError": "Use the version that made the tables, or one that may work with them: docs/how-to/deploy.md, Roll back.",
    "SecretError": "Put back the key that encrypted the token into SELLERBEAT_SECRET_KEYS, or connect the seller anew.",
    "SupersededError": "Another attempt of the same step was faster. Retried.",
    "UnknownEndpointError": "See which there are: starter.py endpoints",
    "UnexpectedError": "A mistake of ours: the log of worker.py has it; please report it.",
}
ALERTS = {
    "failing": "See the last error: starter.py status {seller}. It closes by itself with the next good poll.",
    "late": "Is worker.py running, and are Temporal and Postgres well? It closes by itself with the next good poll.",
    "slow_answer": "One now and then: nothing. Many sellers at once: see eBay's API status, and the line.",
    "many_changes": "Nothing, if the seller had a sale or edited many items. It closes with the next poll that tells fewer.",
    "ebay_down": "Nothing is lost, and polling goes on by itself. If it lasts, see eBay's API status, and whether the worker reaches eBay.",
    "quota_high": "Nothing is lost. If it comes every day long before the reset, ask eBay for more calls, or poll less often.",
    "needs_reauthorization": "Send the seller the address that starter.py connect {seller} prints, or give it their new token.",
    "wrong_account": "Send the seller the address that starter.py connect {seller} prints: they log in with the account of before.",
    "account_taken": "Find out whose account it is, and remove the other one: starter.py remove SELLER. Both are polled until then.",
    "token_ends": "Before that day, send the seller the address that starter.py connect {seller} prints.",
    "keys_refused": "Correct the eBay keys (or the address) in .env, then restart worker.py. Ask no seller for a new consent.",
    "two_deployments": "Stop one of them, or give each its own database.",
    "restored": "Run starter.py restored: it erases again, and says whom to enrol, remove or pause again. Readers begin anew.",
    "planner_late": "Is worker.py running, and Temporal well? Polling goes on with the last plan.",
    "quota_short": "Ask eBay for more calls (Application Growth Check), or raise SELLERBEAT_PACING_PROMISE.",
    "missed": "Nothing is lost: what was missed is recorded now. If it comes again, raise SELLERBEAT_ORDER_OVERLAP.",
    "missed_listings": "Nothing is lost: what was missed is recorded now. If it comes again, tell the developers.",
    "orders_incomplete": "eBay's count and its list differ. Nothing to do; the nightly sweep reads it again.",
    "inventory_incomplete": "eBay's count and its list differ. Nothing to do; the next scan reads it again.",
    "listings_incomplete": "Nothing to do: the daily report reads it again.",
    "no_report": "Nothing to do: the listings are read page by page. If it lasts, look at eBay's status of the Feed API.",
    "ready_for_webhooks": "If you want: starter.py mode {seller} webhooks. Polling stays as the safety net.",
    "not_notified": "Polling is as before, and nothing is lost. See what was not told: starter.py reconcile --seller {seller}",
    "notifications_stopped": "Polling is as before, and nothing is lost. Does eBay reach us? See starter.py reconcile --seller {seller}",
    "set_aside": "See them with starter.py set-aside; try one again with starter.py set-aside --retry ID.",
    "offers_unread": "Nothing to do: they are tried again in the next round.",
    "endpoint_failing": "starter.py deliveries --failed has its answers: tell whoever runs it. Well again: endpoint deliver-now ID",
    "events_awaited": "See which endpoint is behind: starter.py endpoints. Have it take them, or: starter.py endpoint disable ID",
    "partition_missing": "Nothing is lost. The worker makes it within the hour; if this stays, see the runbook: its role may lack a right.",
    "endpoint_off": "When it is well again: starter.py endpoint enable ID. It catches up; nothing was dropped.",
    "undelivered": "See why with starter.py deliveries --seller {seller} --failed. It is tried on; the seller's later changes wait for it.",
}
LOOK = "See the seller's page and the log of worker.py."


def for_state(state: str, seller_id: str, *, ends: bool = False, reason: str | None = None) -> str | None:
    """What an operator can do about a seller's state; None: nothing needs to be done.

    Args:
        ends: of a pause, by itself.
        reason: why the state is as it is: of eBay, whether it is there at all.
    """
    if state == "ebay_down" and (words := _of_line(reason)):
        return words
    words = STATES.get("paused_with_end" if ends and state == "paused" else state)
    return words.format(seller=seller_id) if words else None


def for_error(error: str | None, seller_id: str) -> str | None:
    """`error`: its class and its text, as the streams keep it."""
    words = ERRORS.get((error or "").partition(":")[0])
    return words.format(seller=seller_id) if words else None


def for_alert(kind: str, seller_id: str | None, text: str | None = None) -> str:
    """`kind` may have more behind a colon: `failing:orders`. `text`: of the alert."""
    if kind == "ebay_down" and (words := _of_line(text)):
        return words
    return ALERTS.get(kind.partition(":")[0], LOOK).format(seller=seller_id or "SELLER")


def _of_line(words: str | None) -> str | None:
    """Where eBay cannot be reached somebody here may have to act; None: it is eBay's own trouble."""
    if words is None or fault_of(words) is EbayFault.EBAY:
        return None
    sentence = remedy(words)
    return f"{sentence[0].upper()}{sentence[1:]}."


def runbook(kind: str) -> str:
    """Where it is written what an alert means, what to look at and what to do: a file of this repository."""
    return f"docs/runbooks/{kind.partition(':')[0]}.md"
