"""A file that is not the one of the list is not installed. Needs the package index."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.house import ROOT

NAME = "annotated-types"  # of pure Python and small


def installed(listed: Path) -> subprocess.CompletedProcess[str]:
    flags = ["--dry-run", "--ignore-installed", "--no-deps", "--no-cache-dir", "--require-hashes", "--only-binary", ":all:"]
    return subprocess.run([sys.executable, "-m", "pip", "install", *flags, "-r", str(listed)], capture_output=True, text=True, check=False)


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    lines = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{NAME}=="))
    right, wrong = tmp_path / "right.txt", tmp_path / "wrong.txt"
    right.write_text("\n".join(lines[first : first + 3]) + "\n", encoding="utf-8")
    wrong.write_text(re.sub("sha256:.{8}", "sha256:00000000", right.read_text(encoding="utf-8")), encoding="utf-8")

    assert installed(right).returncode == 0
    refused = installed(wrong)
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
