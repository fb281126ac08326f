"""What Postgres, or a pooler before it, says when it does not serve us, in words for whoever has to mend it. All texts are constants.

By SQLSTATE; while a connection begins the driver tells none, nor does a pooler tell Postgres' own, so there the English text decides.
Nothing of that text is passed on but the kind and name of a table of ours.
"""

from __future__ import annotations

import re

URL = "SELLERBEAT_DATABASE_URL"
# All of this may pass by itself or by an operator's act: whoever meets it tries again.
UNAVAILABLE = {
    "25006": f"Postgres lets us only read (a standby, or default_transaction_read_only): have {URL} lead to the primary, or allow writing",
    "25P03": "a transaction stood idle for too long",
    "28000": f"Postgres does not let the role of {URL} log in from here: see that it has LOGIN, and Postgres' pg_hba.conf",
    "28P01": f"Postgres refuses the name or the password in {URL}: correct them",
    "3D000": f"there is no database of the name in {URL}: correct it, or make one with ENCODING 'UTF8'",
    "40001": "another transaction came in between",
    "40P01": "two transactions waited for each other",
    "53100": "the disk of Postgres is full: make room there; what could not be stored is tried again",
    "53200": "Postgres is out of memory: give it more, or lower its work_mem or max_connections",
    "53300": "Postgres or a pooler takes no more connections: end some, or raise its limit (max_connections, a role's or database's"
    " CONNECTION LIMIT, a pooler's max_client_conn and pool sizes)",
    "55P03": "another transaction held a lock for too long",
    "57014": "a statement took too long",
    "57P01": "Postgres ended the connection, as it shuts down or somebody asked it to: see that it runs",
    "57P02": "Postgres broke down and starts again by itself: see its log",
    "57P03": "Postgres is starting up or shutting down: see that it gets ready",
    "57P04": f"the database in {URL} was dropped: restore it, or correct the name",
}
UNAVAILABLE_CLASSES = {
    "08": "the connection was lost",
    "53": "Postgres lacks connections, memory or disk",
    "57": "Postgres is shutting down or starting up",
    "58": "Postgres has trouble with its machine",
}
NO_ANSWER = f"Postgres cannot be reached: is it running, and is {URL} right?"
_NO_SERVER = "the pooler reaches no Postgres: see its log, and that Postgres runs and takes the pooler's login"
_NO_TRANSACTIONS = "the pooler is in statement mode, which takes no transactions: have it use transaction or session mode"
_NO_HOST = f"the host in {URL} is not known: correct it, or see the name server"
_NO_TLS = f"Postgres and we agree on no encrypted connection: see sslmode and sslrootcert in {URL}"
# What tells most comes first: a pooler may pass on what Postgres told it.
_SAID = [
    (re.compile(pattern), UNAVAILABLE.get(means, means))
    for pattern, means in (
        (r"too many (clients|connections)|connection slots are reserved|no more connections allowed|query_wait_timeout", "53300"),
        (r'database ".*" does not exist|no such database', "3D000"),
        (r"password authentication failed|SASL authentication failed|auth failed|no such user|no password supplied", "28P01"),
        (r'role ".*" does not exist', "28P01"),
        (r"no pg_hba\.conf entry|not permitted to log ?in|authentication failed", "28000"),
        (
            r"not currently accepting connections|the database system is|server shutting down|database is (paused|disabled)",
            "57P03",
        ),
        (r"terminating connection due to administrator command", "57P01"),
        (r"because of crash of another server process", "57P02"),
        (r"statement pooling mode", _NO_TRANSACTIONS),
        (r"server_login_retry|server login|cannot connect to server|server conn crashed|connect failed", _NO_SERVER),
        (r"could not translate host name", _NO_HOST),
        (r"does not support SSL|SSL required|certificate verify failed|root certificate file", _NO_TLS),
    )
]
_OBJECT = re.compile(r"permission denied for (table|view|sequence|schema|function|database) ([a-z_][a-z0-9_]*)\b")


def unavailable(code: str, said: str) -> str | None:
    """What to tell of an answer that says "not now"; None: it says something else.

    Args:
        code: SQLSTATE; "" where the driver has none.
        said: the text that came, of Postgres, a pooler or the driver. It is not passed on.
    """
    if code in UNAVAILABLE:
        return UNAVAILABLE[code]
    if code in ("", "08P01"):  # poolers have only this one
        return next((words for pattern, words in _SAID if pattern.search(said)), None) or UNAVAILABLE_CLASSES.get(code[:2])
    return UNAVAILABLE_CLASSES.get(code[:2])


def not_allowed(said: str) -> str:
    """What to tell where the role lacks a right."""
    found = _OBJECT.search(said)
    on = f" on {found[1]} {found[2]}" if found else ""
    return f"the role of {URL} lacks a right{on} (SQLSTATE 42501): see Roles in docs/how-to/share-a-database.md"
