"""The id that an app gives a seller: the key of everything here, shown everywhere, so it says nothing of a person."""

import re

SELLER_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
