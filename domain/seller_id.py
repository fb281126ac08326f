"""The id that an app gives a seller: the key of everything here, shown everywhere, so it says nothing of a person."""

import re

SELLER_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
SELLER_ID_FORM = "1 to 100 letters, digits, dots, dashes or underscores"  # the same in words
WRONG_SELLER_ID = f"a seller id has {SELLER_ID_FORM}"
