"""How a hostile eBay writes its versions down: late, with another's date, without a new one, malformed. The ledger has what is served.

The world goes on with the document as it should be (`clean`), which is there beside the malformed one as long as it is the newest.
"""

from collections.abc import Sequence

from simulator.hostile import malformed
from simulator.hostility import Hostility
from simulator.ledger import Sketch
from simulator.state.inventory import OPEN, Entity, New
from simulator.state.state import State
from simulator.times import DAY, iso

AGED = 80 * DAY  # older orders lose personal data soon; what else they lacked could not be distinguished


def write(state: State, hostility: Hostility, seller: str, news: Sequence[New]) -> list[New]:
    """The versions as they are to be stored. The world is locked."""
    now = state.clock.now_ms()
    entities = [state.known(seller, new.kind, new.entity_id) for new in news]
    written = [_version(state, hostility, seller, new, entity, now) for new, entity in zip(news, entities, strict=True)]
    orders = [new.entity_id.split("/", 1)[0] for new in news if new.kind in ("order", "fulfillment")]
    if orders:  # what belongs together shows together, and nothing before what was written earlier
        if len(set(orders)) > 1:  # a preloaded past, not one act
            return written
        entities.append(state.known(seller, "order", orders[0]))
        together = max([new.visible_ms for new in written] + [_shown_ms(one) for one in entities])
        behind = _behind_ms(hostility, seller, orders[0], entities[-1], news)
        return [new._replace(visible_ms=together + (behind if new.kind == "fulfillment" else 0)) for new in written]
    return [new._replace(visible_ms=max(new.visible_ms, _shown_ms(one))) for new, one in zip(written, entities, strict=True)]


def _behind_ms(hostility: Hostility, seller: str, order_id: str, order: Entity | None, news: Sequence[New]) -> int:
    """How much later than the order the list of its parcels shows what was sent."""
    if {new.kind for new in news} != {"order", "fulfillment"} or not order:
        return 0
    rng = hostility.hits("parcels_behind", seller, order_id, order.newest.number + 1)
    return int(rng.random() * hostility.parcels_behind_s * hostility.scale * 1000) if rng else 0


def touch(state: State, seller: str, order_id: str) -> None:
    """An order's date moves, and nothing else of what is shown."""
    order = state.known(seller, "order", order_id)
    if not order or order.newest.removed:
        return
    newest, now = order.newest, state.times(None, None)[0]
    modified = max(now, newest.modified_ms)
    text = malformed.dated_again(_dated(state.ledger.text(newest.body), newest.modified_ms, modified), modified)
    visible = max(state.clock.now_ms(), newest.visible_ms)
    new = New("order", order_id, text, modified, visible, order.created_ms, newest.status, clean=newest.clean)
    state.store(seller, [new])


def _shown_ms(entity: Entity | None) -> int:
    return entity.newest.visible_ms if entity else 0


def _version(state: State, hostility: Hostility, seller: str, new: New, entity: Entity | None, now: int) -> New:
    number = entity.newest.number + 1 if entity else 1
    about = new.kind, new.entity_id, number
    if new.kind == "listing":  # dated and shown as eBay does it anyway; an ended one says that it has ended
        return new if new.removed else _malformed_listing(state, hostility, seller, new, about)
    if new.removed:  # the last words about it are what it last was
        return new._replace(body=entity.newest.body, clean=entity.newest.clean) if entity else new
    past = isinstance(new.body, Sketch)
    if not past:
        new = _timed(hostility, seller, new, entity, about, now)
    return _worded(state, hostility, seller, new, about, now)


def _timed(hostility: Hostility, seller: str, new: New, entity: Entity | None, about: tuple[object, ...], now: int) -> New:
    modified, visible = new.modified_ms, new.visible_ms
    grid = int(hostility.same_date_s * hostility.scale * 1000)
    if grid and new.kind == "order" and hostility.hits("same_date", seller, *about):
        modified -= modified % grid
    if entity:
        modified = max(modified, entity.newest.modified_ms)  # dates of one entity never fall
    latest = modified + int(hostility.late_s * hostility.scale * 1000)
    if rng := hostility.hits("late", seller, *about):
        visible = max(visible, min(now + int(rng.random() * hostility.late_s * hostility.scale * 1000), latest))
    if new.kind == "order" and entity:
        plainly_open = entity.newest.status in OPEN and entity.newest.clean is None
        if hostility.hits("undated" if plainly_open else "undated_closed", seller, *about):
            modified = entity.newest.modified_ms
    body = new.body
    if new.kind == "order" and isinstance(body, str):
        body = _dated(body, new.modified_ms, modified)
    return new._replace(modified_ms=modified, visible_ms=visible, body=body)


def _worded(state: State, hostility: Hostility, seller: str, new: New, about: tuple[object, ...], now: int) -> New:
    kind = new.kind
    if kind == "order" and now - new.created_ms > AGED:
        return new
    found = [
        (name, rng)
        for name in ("absurd_date", "unknown", "malformed", "huge", "nameless")
        if (name not in ("nameless", "absurd_date") or kind == "order")
        and (name != "huge" or kind != "fulfillment")
        and (rng := hostility.hits(name, seller, *about))
    ]
    if not found:
        return new
    text = clean = state.ledger.text(new.body)
    for name, rng in found:
        if name == "absurd_date":
            text = malformed.absurd_date(text, rng)
        elif name == "unknown":
            text = malformed.unknown(kind, text, rng)
        elif name == "malformed":
            text = malformed.malformed_document(kind, text, rng)
        elif name == "huge":
            text = malformed.huge(kind, text, hostility.huge_bytes)
        else:
            text = malformed.nameless(text, rng)
    return new._replace(body=text, clean=clean)


def _malformed_listing(state: State, hostility: Hostility, seller: str, new: New, about: tuple[object, ...]) -> New:
    rng = None if isinstance(new.body, Sketch) else hostility.hits("malformed_listing", seller, *about)
    if not rng:
        return new
    text = state.ledger.text(new.body)
    return new._replace(body=malformed.malformed_listing(text, rng), clean=text)


def _dated(text: str, old_ms: int, new_ms: int) -> str:
    """An order's text with another lastModifiedDate; one whose date is odd stays as it is."""
    return text.replace(f'"lastModifiedDate":"{iso(old_ms)}"', f'"lastModifiedDate":"{iso(new_ms)}"', 1)
