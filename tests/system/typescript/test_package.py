"""The package as others get it: packed, installed in an empty folder, used by a program that names all of it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.house import ROOT
from tests.system.typescript.conftest import Run

CONSUMER = ROOT / "tests" / "system" / "typescript" / "consumer.ts"
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noEmit", "--skipLibCheck", "false")


@pytest.fixture(scope="session")
def installed(package: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of an app's own, in which the packed package is all that there is."""
    folder = tmp_path_factory.mktemp("app")
    packed = json.loads(run(["npm", "pack", "--json", "--pack-destination", str(folder)], package))
    (tarball,) = packed
    files = sorted(file["path"] for file in tarball["files"])
    assert {path.partition("/")[0] for path in files} == {"LICENSE", "README.md", "dist", "package.json"}
    assert all(path.endswith((".js", ".d.ts")) for path in files if path.startswith("dist/"))
    (folder / "package.json").write_text('{"name": "app", "private": true, "type": "module"}', encoding="utf-8")
    run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--no-package-lock", f"./{tarball['filename']}"], folder)
    assert sorted(path.name for path in (folder / "node_modules" / "@sellerbeat").iterdir()) == ["client"]
    return folder


def test_it_is_loaded_and_works_where_nothing_else_is(installed: Path, run: Run) -> None:
    program = "import * as all from '@sellerbeat/client'; console.log(Object.keys(all).sort().join(' '))"
    names = run(["node", "--input-type=module", "--eval", program], installed).split()

    assert {"Feed", "Sellerbeat", "SqlPosition", "fetchHandler", "nodeHandler", "pgPosition", "verify"} <= {*names}
    assert not {"Calls", "Wire", "Handlers"} & {*names}


@pytest.mark.parametrize("modules", [("NodeNext", "NodeNext"), ("ESNext", "Bundler")])
@pytest.mark.parametrize("lib", ["ES2022", "ES2022,DOM"])
def test_a_strict_program_that_uses_all_of_it_compiles_without_other_types(
    installed: Path, package: Path, run: Run, modules: tuple[str, str], lib: str
) -> None:
    """Neither Node's types nor those of `pg` are there; of a browser's only in one case."""
    (installed / "consumer.ts").write_text(CONSUMER.read_text(encoding="utf-8"), encoding="utf-8")
    module, resolution = modules
    tsc = [str(package / "node_modules/.bin/tsc"), *STRICT, "--target", "ES2022", "--lib", lib, "--types", ""]

    run([*tsc, "--module", module, "--moduleResolution", resolution, "consumer.ts"], installed)


@pytest.mark.parametrize(
    "line",
    [
        'feed.on("order.created", (event) => event.data.orderIdd satisfies string);',
        'feed.on("inventory.sold", (event) => event.data.quantity satisfies string);',
        'feed.on("inventory.sold", () => undefined, 1);',
        'new Feed("http://a", "t", { gone: "anew" });',
        'beat.pause("s", { reasons: "holiday" });',
        'beat.snapshot("s", "sales");',
    ],
)
def test_what_is_misspelt_does_not_compile(installed: Path, package: Path, line: str) -> None:
    text = 'import { Feed, Sellerbeat } from "@sellerbeat/client";\n'
    text += 'const feed = new Feed("http://a", "t");\nconst beat = new Sellerbeat("http://a", "t");\n'
    (installed / "wrong.ts").write_text(f"{text}{line}\nexport {{ beat, feed }};\n", encoding="utf-8")
    tsc = [str(package / "node_modules/.bin/tsc"), *STRICT, "--target", "ES2022", "--module", "NodeNext", "--types", "", "wrong.ts"]
    done = subprocess.run(tsc, cwd=installed, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert re.findall(r"^wrong\.ts\((\d+)", done.stdout, re.M) == ["4"], done.stdout


ASSUMED = """
import { SqlPosition, fetchHandler, nodeHandler } from "@sellerbeat/client";
declare const url: string, token: string, secret: string, newSecret: string, oldSecret: string, request: Request;
interface Transaction<Tables> { executeQuery(query: Tables): Promise<{ rows: object[] }> }
type Shop = object;
type Work<Given> = <R>(work: (transaction: Given) => Promise<R>) => Promise<R>;
declare const kysely: { transaction(): { execute: Work<Transaction<Shop>> } };
declare const CompiledQuery: { raw(statement: string, values: unknown[]): Shop };
declare namespace Knex { interface Transaction { raw(statement: string, values: unknown[]): Promise<{ rows: object[] }> } }
declare const knex: { transaction: Work<Knex.Transaction> };
declare const app: { post(path: string, handler: (context: any, response: any) => unknown): void };
declare const handle: (request: Request) => Promise<Response>;
"""


def test_what_the_readme_shows_compiles(package: Path, run: Run) -> None:
    blocks = re.findall(r"^```typescript\n(.*?)^```", (package / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 5
    shown = package / "build" / "readme.ts"
    shown.write_text("\n".join([*blocks, ASSUMED]), encoding="utf-8")
    options = ["--noEmit", "--strict", "--target", "ES2022", "--module", "NodeNext", "--types", "node"]

    run(["npx", "tsc", *options, "--ignoreConfig", str(shown)], package)
