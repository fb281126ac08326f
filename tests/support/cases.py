"""Names that modules, functions and a method had before, for small tests outside of this repository. `tests/conftest.py` imports this."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

RENAMED = {
    "devstack": "demo_stack.devstack",
    "pacing": "domain.pacing",
    "simulator.goods": "simulator.state.catalog",
    "simulator.inventory_api": "simulator.apis.inventory",
    "simulator.listings": "simulator.state.listings",
    "simulator.orders_api": "simulator.apis.orders",
    "simulator.trading_api": "simulator.apis.trading",
}


class OldNames(MetaPathFinder, Loader):
    """The module of today under its old name: the same object, loaded when somebody asks for it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in RENAMED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(RENAMED[spec.name])
        self.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own  # which the import of the old name had replaced
        if module.__name__ == "simulator.state.listings":
            world = importlib.import_module("simulator.world").World
            world._write = property(lambda it: it.listing_records.write)


class FormerNames(MetaPathFinder, Loader):
    """A module with functions that it had before: added when somebody loads it, as nobody else needs them."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in FORMER or (found := PathFinder.find_spec(fullname, path)) is None or found.loader is None:
            return None
        load = found.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            FORMER[fullname](module)

        found.loader.exec_module = exec_module  # type: ignore[method-assign]
        return found


def _token_in(module: ModuleType) -> None:
    def token_in(text: str) -> str | None:
        try:
            return str(module.refresh_token(text))
        except module.NoTokenError:
            return None

    module.token_in = token_in  # type: ignore[attr-defined]


def _backoff(module: ModuleType) -> None:
    module.backoff = importlib.import_module("domain.pacing.outage").backoff  # type: ignore[attr-defined]


FORMER = {"console.arguments": _token_in, "workflows.state": _backoff}

if not any(isinstance(finder, FormerNames) for finder in sys.meta_path):
    sys.meta_path.insert(0, FormerNames())
if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
    sys.meta_path.append(OldNames())
