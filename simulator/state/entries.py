"""An entity's kind and id in the ledger, from those in the world and the other way round. Pure."""

from simulator.ledger import Head
from simulator.state.inventory import BACKED, New
from simulator.state.listings import ENTITY


def entry(new: New) -> tuple[str, str]:
    """Kind and id in the ledger. A listing whose SKUs the Inventory API has is in it, but is no entity that anybody should record."""
    return ("inventory", ENTITY + new.entity_id) if new.kind == "listing" and new.status != BACKED else (new.kind, new.entity_id)


def own(head: Head) -> tuple[str, str]:
    """Kind and id in the world."""
    listing = head.kind == "inventory" and head.entity_id.startswith(ENTITY)
    return ("listing", head.entity_id.removeprefix(ENTITY)) if listing else (head.kind, head.entity_id)
