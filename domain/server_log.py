"""Which settings of a Postgres write what our statements say of buyers into its log, and how to end that. Pure.

Statements come with their values in them, so a log of statements is a log of names and addresses; the DETAIL of an error shows rows
(PostgreSQL's documentation, *Error Reporting and Logging*).
"""

from __future__ import annotations

from collections.abc import Mapping

QUIET = {  # by setting: values with which nothing of ours is written
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_min_error_statement": ("panic",),  # by default of each that fails; with `fatal` of each whose connection is ended
    "log_error_verbosity": ("terse",),  # else rows stand in DETAIL
    "auto_explain.log_min_duration": ("-1",),
}


def loud_settings(settings: Mapping[str, str]) -> list[str]:
    """Those that write, as `name=value`. What Postgres does not have, such as a module that is not loaded, writes nothing."""
    return [f"{name}={settings[name]}" for name, quiet in QUIET.items() if name in settings and settings[name] not in quiet]


def in_words(settings: Mapping[str, str], role: str) -> str | None:
    """What is written and the remedy; None: nothing is."""
    if not (loud := loud_settings(settings)):
        return None
    remedy = ", ".join(f"{name}={QUIET[name][-1]}" for name in (one.partition("=")[0] for one in loud))
    return (
        f"Postgres writes buyers' names and addresses into its log ({', '.join(loud)}): set {remedy}, in postgresql.conf "
        f"or by a superuser's ALTER ROLE {role} SET ... (docs/how-to/deploy.md, *Postgres's log without buyers*)"
    )
