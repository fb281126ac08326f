"""The id that an app gives a seller: the key of everything here, shown everywhere, so it says nothing of a person."""

import re

from domain.scopes import TOKEN

SELLER_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
SELLER_ID_FORM = "1 to 100 letters, digits, dots, dashes or underscores"  # the same in words


def wrong_seller_id(text: str) -> str | None:
    """What is wrong with an id that somebody typed, without showing it; None: nothing is.

    A token of the API has the form of an id. Taken for one it would be stored, and shown to whoever sees sellers or the audit.
    """
    if TOKEN.fullmatch(text):
        return "that is a token of the API, not a seller id"
    return None if SELLER_ID.fullmatch(text) else f"a seller id has {SELLER_ID_FORM}"
