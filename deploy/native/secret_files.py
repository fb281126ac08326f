"""The secrets of the topology, made by deploy/secrets.sh as on a server."""

from __future__ import annotations

import subprocess
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]


class Secrets:
    """`postgres`: host and port, in place of the service of that name. `folder` has them, with `deploy/` beside it."""

    def __init__(self, project: Path, ebay_client_secret: str, postgres: str) -> None:
        self.folder = project / "secrets"
        (project / "deploy").mkdir(parents=True, exist_ok=True)
        (project / ".env").write_text(f'SELLERBEAT_EBAY_CLIENT_SECRET="{ebay_client_secret}"\n', encoding="utf-8")
        subprocess.run(["sh", str(HOUSE / "deploy" / "secrets.sh")], cwd=project, check=True, capture_output=True)
        (project / ".env").unlink()  # as the script says to do with that line
        for file in (self.folder / "owner_url", self.folder / "worker_url"):
            here = file.read_text(encoding="utf-8").replace("postgres:5432", postgres)
            file.unlink()
            file.write_text(here, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8").strip()
