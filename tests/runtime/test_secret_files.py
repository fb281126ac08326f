"""A secret may stand in a file, as containers and systemd give it: the same value and checks, and one line where it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import PREFIX, SECRETS, SMTP_URL, Settings, SettingsError, load, read_environment

KEY = "A" * 43 + "="  # a Fernet key as good as any
SAMPLES = {
    "DATABASE_URL": "postgresql://user:canary@host/db",
    "SECRET_KEYS": KEY,
    "EBAY_CLIENT_SECRET": "canary",
    "NOTIFICATION_TOKEN": "canary-" * 5,
    "SMTP_URL": "smtp://u:canary@mail.example.com:587?from=alerts@example.com",
    "ADMIN_TOKEN": "canary of 16 characters",
    "ADMIN_TOKEN_SECOND": "canary of 16 characters",
}
VARIABLE = "SELLERBEAT_EBAY_CLIENT_SECRET_FILE"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's variables nor a developer's `.env`."""
    for name in read_environment():
        if name.startswith((PREFIX, SMTP_URL)):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_secret_may_stand_in_a_file() -> None:
    assert {PREFIX + name for name in SAMPLES} | {SMTP_URL} == set(SECRETS)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_what_the_file_says_is_the_value_without_its_last_line_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, end: str
) -> None:
    (tmp_path / "secret").write_bytes((SAMPLES[name] + end).encode())
    monkeypatch.setenv(f"{PREFIX}{name}_FILE", str(tmp_path / "secret"))
    if name == "ADMIN_TOKEN_SECOND":  # which is none without a first
        monkeypatch.setenv("SELLERBEAT_ADMIN_TOKEN", "the first, of 16 characters")

    assert getattr(load(), name.lower()).get_secret_value() == SAMPLES[name]


def test_the_env_file_may_name_it_too(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    (tmp_path / ".env").write_text(f"{VARIABLE}={tmp_path}/secret\n")

    secret = load().ebay_client_secret

    assert secret
    assert secret.get_secret_value() == "canary"


@pytest.mark.parametrize("other", ["SMTP_URL", "SMTP_URL_FILE", "SELLERBEAT_SMTP_URL"])
def test_our_own_name_of_the_mail_server_goes_before_the_one_that_other_programs_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other: str
) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    ours.write_text(SAMPLES["SMTP_URL"])
    others.write_text(SAMPLES["SMTP_URL"].replace("mail", "other"))
    monkeypatch.setenv("SMTP_URL_FILE" if other == "SELLERBEAT_SMTP_URL" else "SELLERBEAT_SMTP_URL_FILE", str(ours))
    monkeypatch.setenv(other, str(others) if other.endswith("_FILE") else others.read_text())

    server = load().mail_server()

    assert server
    assert server.host == ("other.example.com" if other == "SELLERBEAT_SMTP_URL" else "mail.example.com")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"canary\xff", "is no text in UTF-8"),
        (b"canary" * 20_000, "is larger than 64 kB, which is no secret"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_that_names_it_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(path))

    with pytest.raises(SettingsError) as error:
        load()

    assert str(error.value) == f"{VARIABLE}: {path} {said}"


def test_a_folder_and_a_name_with_a_nul_are_no_file_of_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    with pytest.raises(SettingsError, match=f"{VARIABLE}: .* cannot be read: Is a directory"):
        load()

    (tmp_path / ".env").write_text(f'{VARIABLE}="a\\x00b"\n')
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SettingsError, match=f"{VARIABLE}: .* cannot be read"):
        load()


def test_a_secret_that_is_given_in_both_ways_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "secret"))
    monkeypatch.setenv("SELLERBEAT_EBAY_CLIENT_SECRET", "another canary")

    with pytest.raises(SettingsError, match=r"^SELLERBEAT_EBAY_CLIENT_SECRET and SELLERBEAT_EBAY_CLIENT_SECRET_FILE are both set") as error:
        load()

    assert "canary" not in str(error.value)


def test_what_is_wrong_in_a_file_is_said_as_of_the_variable_without_the_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    monkeypatch.setenv("SELLERBEAT_SECRET_KEYS_FILE", str(tmp_path / "secret"))

    with pytest.raises(SettingsError, match=r"^SELLERBEAT_SECRET_KEYS: key 1 is no Fernet key") as error:
        load()

    assert "canary" not in str(error.value)


def test_only_secrets_have_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERBEAT_TASK_QUEUE_FILE", "/run/secrets/queue")

    with pytest.raises(SettingsError, match="SELLERBEAT_TASK_QUEUE_FILE is no setting of Sellerbeat; did you mean SELLERBEAT_TASK_QUEUE"):
        load()
    assert "task_queue" in Settings.model_fields
