"""The reference is what the code says, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

HOUSE = Path(__file__).resolve().parents[2]
DOCS = HOUSE / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings", "cli", "events", "tables"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    written = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")

    assert written == generator().PAGES[name](), "run `make docs`"
    assert written.count("\n") > 25


def test_every_link_in_the_documents_leads_to_a_file() -> None:
    pages = [HOUSE / "README.md", *DOCS.rglob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))]

    assert len(links) > 30
    assert [(page.name, link) for page, link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {
        path.relative_to(DOCS).as_posix() for folder in ("how-to", "explanation", "reference") for path in (DOCS / folder).glob("*.md")
    }

    assert len(pages) > 12
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_documents_name_only_settings_that_exist() -> None:
    from settings import PREFIX, Settings

    named = {name for page in DOCS.rglob("*.md") for name in re.findall(PREFIX + r"([A-Z_]+[A-Z])", page.read_text(encoding="utf-8"))}

    assert len(named) > 10
    assert {name.lower() for name in named} <= set(Settings.model_fields)
