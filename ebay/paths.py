"""Paths of the REST APIs: what comes from eBay or from a seller never leads anywhere else."""

from urllib.parse import quote, urlsplit

from ebay.errors import BadAnswerError


def segment(text: str) -> str:
    """One segment of a path, one value of a query, or one of comma-separated ids."""
    quoted = quote(text, safe="", errors="replace")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def own_path(path: str, endpoint: str) -> str:
    """The path and query of a `next`, on our own host.

    Raises:
        BadAnswerError: it leads elsewhere than to `endpoint`.
    """
    try:
        parts = urlsplit(path)
    except ValueError:
        raise BadAnswerError("eBay's next is no address") from None
    if not parts.path.endswith(endpoint) or not parts.query or not parts.query.isascii() or not parts.query.isprintable():
        raise BadAnswerError("eBay's next leads elsewhere")
    return f"{endpoint}?{parts.query}"
