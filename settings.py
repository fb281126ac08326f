"""Every environment variable, read and checked in one place.

All have the prefix `SELLERBEAT_` but Temporal's own (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, ...), which its SDK reads. A file `.env` in
the working directory serves where the environment is silent.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain import setting_texts
from domain.mail_server import MailServer, mail_server
from domain.networks import NamedNetwork, named_networks
from runtime.secret_files import SUFFIX, SecretFileError, secrets_in_files

PREFIX = "SELLERBEAT_"
ENV_FILE = Path(".env")
USUAL_PORTS = {"https": 443, "http": 80}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class SettingsError(Exception):
    """A setting is missing, malformed or misspelt. One line that names the variable; the process ends with exit code 2."""


def duration(text: str) -> timedelta:
    """`0.5s`, `30s`, `5m`, `6h`, `30d` as a timedelta.

    Raises:
        ValueError: anything else, zero and negative ones included.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smhd])", text.strip())
    value = timedelta(**{UNITS[match[2]]: float(match[1])}) if match else timedelta()
    if value <= timedelta():
        raise ValueError(f"{text!r} is no duration; write it as 0.5s, 30s, 5m, 6h or 30d")
    return value


def origin_of(text: str) -> str:
    """An origin as browsers compare it: in small letters, without its scheme's usual port.

    Raises:
        ValueError: none to lead a browser back to, which is https, or http on this machine itself.
    """
    match = re.fullmatch(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?", text.lower())
    local = match and re.fullmatch(r"localhost|127(\.\d{1,3}){3}|\[::1\]", match[2])
    if not match or ".." in match[2] or (match[1] == "http" and not local) or not 0 < int(match[3] or 1) <= 65535:
        raise ValueError(f"{text!r} is no origin such as https://app.example.com (http on this machine itself only)")
    port = int(match[3]) if match[3] else USUAL_PORTS[match[1]]
    return f"{match[1]}://{match[2]}" + ("" if port == USUAL_PORTS[match[1]] else f":{port}")


def _origins(text: str) -> str:
    return ",".join(dict.fromkeys(origin_of(one.strip()) for one in text.split(",")))


def _verification_token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{32,80}", secret.get_secret_value()):
        raise ValueError("is no verification token: 32 to 80 letters, digits, _ or -")
    return secret


def _database_url(secret: SecretStr) -> SecretStr:
    if not re.match(r"postgres(ql)?(\+psycopg2)?://", secret.get_secret_value()):
        raise ValueError("is no address such as postgresql://user:password@host:5432/sellerbeat")
    return secret


def _fernet_keys(secret: SecretStr) -> SecretStr:
    for number, key in enumerate(secret.get_secret_value().split(","), 1):
        try:  # as Fernet checks it, whose library takes longer to load than `status` should
            sound = len(urlsafe_b64decode(key.strip())) == 32
        except ValueError:
            sound = False
        if not sound:
            raise ValueError(f"key {number} is no Fernet key (32 bytes in URL-safe base64); `python starter.py new-key` prints one")
    return secret


def _smtp_url(secret: SecretStr) -> SecretStr:
    mail_server(secret.get_secret_value())
    return secret


def _networks(text: str) -> str:
    named_networks(text)
    return text


Duration = Annotated[timedelta, BeforeValidator(lambda value: duration(value) if isinstance(value, str) else value)]
HttpUrl = Annotated[str, AfterValidator(setting_texts.http_url)]
Bind = Annotated[str, AfterValidator(setting_texts.bind)]
Quota = Annotated[int, Field(ge=0)]
SHORTEST, LONGEST = timedelta(seconds=0.5), timedelta(days=1)
SHORT_KEEP, WEEK = timedelta(days=1), timedelta(days=7)  # a comparison of notifications looks a week back


class Settings(BaseSettings):
    """What the environment says. Frozen; secrets never show in its text."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None, description="Postgres, such as postgresql://user:password@host/sellerbeat"
    )
    database_schema: Annotated[str, AfterValidator(setting_texts.schema)] = Field(
        "sellerbeat", description="the schema of all our tables; what else is in the database is left alone"
    )
    secret_keys: Annotated[SecretStr, AfterValidator(_fernet_keys)] | None = Field(
        None, description="Fernet keys, comma separated; the first encrypts eBay's tokens, all decrypt"
    )
    task_queue: str = Field("sellerbeat", min_length=1, description="Temporal task queue of the worker")
    temporal_ui_url: HttpUrl | None = Field(None, description="Temporal's Web UI, such as http://127.0.0.1:8233: sellers' pages link to it")

    ebay_api_url: HttpUrl = Field("https://api.ebay.com", description="eBay: tokens, REST and Trading")
    ebay_apiz_url: HttpUrl = Field("https://apiz.ebay.com", description="eBay: identity; where empty, as SELLERBEAT_EBAY_API_URL says")
    ebay_auth_url: HttpUrl = Field("https://auth.ebay.com", description="eBay: consent page")
    ebay_client_id: str | None = Field(None, min_length=1, description="the application's client id (App ID)")
    ebay_client_secret: SecretStr | None = Field(None, min_length=1, description="the application's client secret (Cert ID)")
    ebay_redirect_name: str | None = Field(None, description="the application's RuName")
    ebay_timeout: Duration = Field(
        timedelta(seconds=20), ge=timedelta(seconds=1), le=timedelta(seconds=60), description="one call to eBay, as a whole"
    )

    public_url: Annotated[str, AfterValidator(setting_texts.public_url)] | None = Field(
        None, description="where the world reaches web.py, such as https://sellerbeat.example.com"
    )
    return_origins: Annotated[str, AfterValidator(_origins)] | None = Field(
        None, description="origins of apps that sellers may be led back to after their consent, comma separated: https://app.example.com"
    )
    notification_token: Annotated[SecretStr, AfterValidator(_verification_token)] | None = Field(
        None, description="verification token of eBay's notifications: 32 to 80 letters, digits, _ or -"
    )
    notification_email: Annotated[str, AfterValidator(setting_texts.email)] | None = Field(
        None, description="where eBay writes when it cannot deliver notifications"
    )
    ebay_dev_id: str | None = Field(None, min_length=1, description="the developer id (Dev ID); platform notifications are signed with it")

    orders_every: Duration = Field(timedelta(minutes=5), ge=SHORTEST, le=LONGEST, description="base interval of the orders poll")
    fulfillment_every: Duration = Field(
        timedelta(minutes=15), ge=SHORTEST, le=LONGEST, description="base interval of the open-order rounds"
    )
    inventory_every: Duration = Field(timedelta(minutes=30), ge=SHORTEST, le=LONGEST, description="base interval of the inventory scan")
    sweep_every: Duration = Field(timedelta(hours=24), ge=timedelta(minutes=1), description="interval of the sweep")
    order_overlap: Duration = Field(
        timedelta(minutes=5), ge=timedelta(seconds=10), le=timedelta(days=1), description="re-read before the cursor, such as 5m or 30s"
    )
    backfill: Duration = Field(timedelta(days=30), le=timedelta(days=729), description="how far back a new seller's orders are read")

    pacing_promise: Duration = Field(
        timedelta(minutes=60), ge=timedelta(minutes=1), description="the longest interval promised while the quota is short"
    )
    pacing_use_spare: bool = Field(False, description="spend calls that nobody wished for")
    quota_orders: Quota = Field(100_000, description="eBay's calls a day: orders")
    quota_inventory: Quota = Field(2_000_000, description="eBay's calls a day: inventory")
    quota_trading: Quota = Field(5_000, description="eBay's calls a day: Trading")
    quota_feed: Quota = Field(100_000, description="eBay's calls a day: Feed")

    delivery_loopback: bool = Field(False, description="deliver to this machine itself too, by plain http as well: for trying out alone")
    delivery_networks: Annotated[str, AfterValidator(_networks)] | None = Field(
        None,
        description="networks of your own, with ports, where receivers may be private and plain http, such as "
        "`10.20.0.0/16:8080,[fd00:1::/64]:8443`",
    )

    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = Field(
        None,
        description="the server that takes mail of alerts, such as smtp://user:password@mail.example.com:587?from=alerts@example.com; "
        "`SMTP_URL` serves where this is not set",
    )

    keep_events: Duration = Field(
        timedelta(days=400), ge=SHORT_KEEP, description="how long changes are kept; twice as long where an endpoint waits"
    )
    keep_polls: Duration = Field(timedelta(days=30), ge=SHORT_KEEP, description="how long rows of polls are kept")
    keep_deliveries: Duration = Field(timedelta(days=30), ge=SHORT_KEEP, description="how long attempts of deliveries are kept")
    keep_notifications: Duration = Field(
        timedelta(days=30), ge=WEEK, description="how long notifications are kept, and who saw a change first"
    )
    keep_audit: Duration = Field(timedelta(days=400), ge=SHORT_KEEP, description="how long is kept who did what")

    web_bind: Bind = Field("127.0.0.1:8080", description="where web.py listens")
    metrics_bind: Bind | None = Field(None, description="where /metrics listens; none where empty")
    health_bind: Bind | None = Field(None, description="where worker.py answers on /healthz and /readyz; nowhere where empty")
    log_format: Literal["text", "json"] | None = Field(None, description="of the log on stderr; where empty: text in a terminal, else json")
    admin_token: SecretStr | None = Field(
        None, min_length=16, description="opens the page, and the API as a token of scope admin; 16 characters or more"
    )

    admin_token_second: SecretStr | None = Field(
        None, min_length=16, description="opens what `SELLERBEAT_ADMIN_TOKEN` opens, while one is replaced by the other"
    )

    @property
    def identity_url(self) -> str:
        """Where eBay is asked whose a token is: beside the API that is used, so that a sandbox's token goes nowhere else."""
        host = urlsplit(self.ebay_api_url).hostname or ""
        if "ebay_apiz_url" in self.model_fields_set:
            return self.ebay_apiz_url
        is_ebay = host.startswith("api.") and host.endswith(".ebay.com")
        return self.ebay_api_url.replace("//api.", "//apiz.", 1) if is_ebay else self.ebay_api_url

    def own_networks(self) -> tuple[NamedNetwork, ...]:
        """What `delivery_networks` names."""
        return named_networks(self.delivery_networks) if self.delivery_networks else ()

    def mail_server(self) -> MailServer | None:
        """What `smtp_url` names."""
        return mail_server(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Each as `origin_of` gives it."""
        return frozenset(self.return_origins.split(",") if self.return_origins else ())

    def keys(self) -> list[str]:
        return [key.strip() for key in self.secret_keys.get_secret_value().split(",")] if self.secret_keys else []

    def require(self, *names: str) -> None:
        """Raises SettingsError: one of these (`"database_url"`, ...) is not set."""
        for name in names:
            if getattr(self, name) is None:
                raise SettingsError(f"{PREFIX}{name.upper()} is not set ({Settings.model_fields[name].description})")


SMTP_URL = "SMTP_URL"  # as it is named where other programs have it too
SECRETS = (SMTP_URL, *(PREFIX + name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)))
"""Variables that may name a file in place of their value: `NAME_FILE`."""
OF_APPS = ("SELLERBEAT_URL", "SELLERBEAT_TOKEN")  # what apps give the client; whoever tries it out has both in one shell


def load(*needed: str, env_file: Path | None = None) -> Settings:
    """The settings, with every name in `needed` (`"database_url"`, ...) present.

    Raises:
        SettingsError: the first thing that is wrong, with the variable's name and never a secret's value.
    """
    environment = read_environment(env_file)
    if (misspelt := _misspelt(environment)) is not None:
        raise SettingsError(misspelt)
    try:
        settings = Settings(_env_file=env_file or ENV_FILE, **_secrets(environment))
    except SecretFileError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    settings.require(*needed)
    if settings.admin_token_second and not settings.admin_token:
        raise SettingsError(f"{PREFIX}ADMIN_TOKEN_SECOND is set, and {PREFIX}ADMIN_TOKEN is not: one token is the first")
    return settings


def read_environment(env_file: Path | None = None) -> dict[str, str]:
    """The process's environment over `.env` of the working directory: also Temporal's variables, which its SDK takes from here."""
    file = {name: value for name, value in dotenv_values(env_file or ENV_FILE).items() if value is not None}
    return {**file, **os.environ}


def _secrets(environment: Mapping[str, str]) -> dict[str, Any]:
    """What comes from files, and from `SMTP_URL`, by the field. Raises SecretFileError."""
    files = secrets_in_files(environment, SECRETS)
    bare = files.pop(SMTP_URL, None) or environment.get(SMTP_URL)
    found = {name.removeprefix(PREFIX).lower(): secret for name, secret in files.items()}
    return found if not bare or environment.get(PREFIX + SMTP_URL) else {"smtp_url": bare, **found}


def _misspelt(environment: Mapping[str, str]) -> str | None:
    names = [PREFIX + field.upper() for field in Settings.model_fields]
    known = {*names, *OF_APPS, *(name + SUFFIX for name in SECRETS)}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, names, n=1)
            return f"{name} is no setting of Sellerbeat" + (f"; did you mean {near[0]}?" if near else "")
    return None


def _one_line(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = str(first["loc"][0])
    return f"{PREFIX}{field.upper()}: {first['msg'].removeprefix('Value error, ')}"
