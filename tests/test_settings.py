from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import PREFIX, SMTP_URL, Settings, SettingsError, duration, load, read_environment

KEY = "A" * 43 + "="  # a Fernet key as good as any
CONTRACT = [
    "DATABASE_URL",
    "DATABASE_SCHEMA",
    "SECRET_KEYS",
    "EBAY_API_URL",
    "EBAY_APIZ_URL",
    "EBAY_AUTH_URL",
    "EBAY_CLIENT_ID",
    "EBAY_CLIENT_SECRET",
    "EBAY_REDIRECT_NAME",
    "TASK_QUEUE",
    "TEMPORAL_UI_URL",
    "ORDERS_EVERY",
    "FULFILLMENT_EVERY",
    "INVENTORY_EVERY",
    "SWEEP_EVERY",
    "ORDER_OVERLAP",
    "BACKFILL",
    "EBAY_TIMEOUT",
    "PACING_PROMISE",
    "PACING_USE_SPARE",
    "QUOTA_ORDERS",
    "QUOTA_INVENTORY",
    "QUOTA_TRADING",
    "QUOTA_FEED",
    "KEEP_EVENTS",
    "KEEP_POLLS",
    "KEEP_DELIVERIES",
    "KEEP_NOTIFICATIONS",
    "KEEP_AUDIT",
    "WEB_BIND",
    "METRICS_BIND",
    "HEALTH_BIND",
    "ADMIN_TOKEN",
    "LOG_FORMAT",  # these came later
    "DELIVERY_LOOPBACK",
    "DELIVERY_NETWORKS",
    "PUBLIC_URL",
    "NOTIFICATION_TOKEN",
    "NOTIFICATION_EMAIL",
    "EBAY_DEV_ID",
    "RETURN_ORIGINS",
    "SMTP_URL",
    "ADMIN_TOKEN_SECOND",
]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's variables nor a developer's `.env`."""
    for name in read_environment():
        if name.startswith(PREFIX) or name == SMTP_URL:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_setting_of_the_contract_is_accepted() -> None:
    assert sorted(name.upper() for name in Settings.model_fields) == sorted(CONTRACT)


def test_without_any_variable_the_defaults_hold() -> None:
    settings = load()

    assert settings.orders_every == timedelta(minutes=5)
    assert settings.ebay_api_url == "https://api.ebay.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERS_EVERY", "0s"),
        ("ORDERS_EVERY", "5x"),
        ("ORDERS_EVERY", "-5m"),
        ("ORDERS_EVERY", "2d"),
        ("ORDER_OVERLAP", "1s"),
        ("BACKFILL", "800d"),
        ("QUOTA_ORDERS", "many"),
        ("QUOTA_ORDERS", "-1"),
        ("PACING_USE_SPARE", "perhaps"),
        ("WEB_BIND", "8080"),
        ("METRICS_BIND", "localhost:99999"),
        ("ADMIN_TOKEN", "short"),
        ("LOG_FORMAT", "xml"),
        ("EBAY_API_URL", "api.ebay.com"),
        ("DATABASE_URL", "mysql://canary@host/db"),
        ("PUBLIC_URL", "http://sellerbeat.example.com"),
        ("PUBLIC_URL", "sellerbeat.example.com"),
        ("PUBLIC_URL", "https://user:x@sellerbeat.example.com"),
        ("PUBLIC_URL", "https://sellerbeat.example.com/?x=1"),
        ("RETURN_ORIGINS", "http://app.example.com"),
        ("RETURN_ORIGINS", "https://user@app.example.com"),
        ("RETURN_ORIGINS", "https://app.example.com/"),
        ("RETURN_ORIGINS", "https://app.example.com,*"),
        ("RETURN_ORIGINS", "https://app.example.com:0"),
        ("RETURN_ORIGINS", "https://*.example.com"),
        ("NOTIFICATION_TOKEN", "canary"),
        ("NOTIFICATION_TOKEN", "canary" * 14),
        ("NOTIFICATION_TOKEN", "canary of more than thirty-two characters"),
        ("NOTIFICATION_EMAIL", "nobody"),
        ("DELIVERY_NETWORKS", "10.20.0.0/16"),
        ("DELIVERY_NETWORKS", "10.20.0.0/16:8080,\n8.8.8.0/24:80"),
        ("SMTP_URL", "canary"),
        ("SMTP_URL", "smtp://u:canary@mail.example.com"),
        ("SECRET_KEYS", "canary"),
        ("SECRET_KEYS", f"{KEY},canary"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_no_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SettingsError) as error:
        load()

    line = str(error.value)
    assert PREFIX + name in line
    assert "\n" not in line
    assert "canary" not in line


def test_origins_are_compared_as_browsers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERBEAT_RETURN_ORIGINS", "https://App.example.com:443, http://localhost:3000,http://[::1]:80")

    assert load().allowed_origins == {"https://app.example.com", "http://localhost:3000", "http://[::1]"}


def test_what_an_app_gives_the_client_is_no_mistake_in_the_same_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERBEAT_URL", "http://localhost:8080")
    monkeypatch.setenv("SELLERBEAT_TOKEN", "sb_app")

    assert isinstance(load(), Settings)


def test_a_misspelt_variable_is_named_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERBEAT_ORDER_EVERY", "5m")

    with pytest.raises(SettingsError, match="SELLERBEAT_ORDER_EVERY is no setting of Sellerbeat; did you mean SELLERBEAT_ORDERS_EVERY"):
        load()


def test_a_needed_variable_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="SELLERBEAT_DATABASE_URL is not set"):
        load("database_url")


def test_the_env_file_serves_where_the_environment_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SELLERBEAT_TASK_QUEUE=file\nSELLERBEAT_ORDERS_EVERY=1m\nTEMPORAL_ADDRESS=file:7233\n")
    monkeypatch.setenv("SELLERBEAT_TASK_QUEUE", "environment")

    settings = load()

    assert (settings.task_queue, settings.orders_every) == ("environment", timedelta(minutes=1))
    assert read_environment()["TEMPORAL_ADDRESS"] == "file:7233"


def test_a_misspelt_variable_in_the_env_file_is_found_too() -> None:
    Path(".env").write_text("SELLERBEAT_QUOTA_ODERS=5\n")

    with pytest.raises(SettingsError, match="SELLERBEAT_QUOTA_ODERS"):
        load()


def test_secrets_do_not_show_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERBEAT_EBAY_CLIENT_SECRET", "canary")
    monkeypatch.setenv("SELLERBEAT_DATABASE_URL", "postgresql://user:canary@host/db")

    assert "canary" not in repr(load())


@given(st.integers(1, 10**6), st.sampled_from(["s", "m", "h", "d"]))
def test_any_whole_number_with_a_unit_is_a_duration(number: int, unit: str) -> None:
    assert duration(f"{number}{unit}").total_seconds() == number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


@given(st.text(max_size=12))
def test_any_text_is_a_positive_duration_or_refused(text: str) -> None:
    read = refusal = None
    try:
        read = duration(text)
    except ValueError as error:
        refusal = str(error)

    assert (read and read > timedelta()) or (refusal and "0.5s, 30s, 5m, 6h or 30d" in refusal)


def test_mail_may_be_set_as_other_programs_have_it_and_ours_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load().mail_server()
    monkeypatch.setenv("SMTP_URL", "smtps://ops%40example.com:canary@other.example.com")
    bare = load().mail_server()
    monkeypatch.setenv("SELLERBEAT_SMTP_URL", "smtps://ops%40example.com:canary@mail.example.com")
    both = load()
    monkeypatch.setenv("SELLERBEAT_SMTP_URL", "")
    emptied = load().mail_server()

    assert unset is None
    assert bare
    assert emptied == bare
    assert (bare.host, both.mail_server() and both.mail_server().host) == ("other.example.com", "mail.example.com")  # type: ignore[union-attr]
    assert "canary" not in repr(both) + repr(bare)
