"""Whether a Postgres writes what our statements say of buyers into its log."""

from __future__ import annotations

import pytest

from domain.server_log import QUIET, in_words, loud_settings

DEFAULTS = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_min_error_statement": "error",
    "log_error_verbosity": "default",
}
SILENT = DEFAULTS | {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}


def test_by_default_postgres_writes_statements_that_fail_and_rows() -> None:
    assert loud_settings(DEFAULTS) == ["log_min_error_statement=error", "log_error_verbosity=default"]
    assert in_words(SILENT, "worker") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_statement", "mod"),
        ("log_min_duration_statement", "0"),
        ("log_min_duration_sample", "100"),
        ("log_transaction_sample_rate", "0.01"),
        ("log_min_error_statement", "warning"),
        ("log_error_verbosity", "verbose"),
        ("auto_explain.log_min_duration", "250"),
    ],
)
def test_each_setting_that_writes_is_named_with_the_value_that_ends_it(name: str, value: str) -> None:
    words = in_words(SILENT | {name: value}, "worker")

    assert words
    assert f"({name}={value})" in words
    assert f"set {name}={QUIET[name][-1]}, " in words
    assert "ALTER ROLE worker SET" in words
