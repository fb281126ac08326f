"""Names that modules and a method had before, for small tests outside of this repository. `tests/conftest.py` imports this."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
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


if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
    sys.meta_path.append(OldNames())
