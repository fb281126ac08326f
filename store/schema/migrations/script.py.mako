"""${message}. Why: ... Safe while polling runs: ..."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
compatible_since = ...  # the oldest revision whose processes may work with these tables


def upgrade() -> None:
    ${upgrades if upgrades else "..."}
