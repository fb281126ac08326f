"""What the clients have of the events is what the product has."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from operations.catalogue.python import python
from operations.catalogue.reading import EVENTS
from operations.catalogue.samples import other_samples, sample
from operations.catalogue.typescript import typescript

CLIENTS = Path(__file__).parents[2] / "clients"
PYTHON, TYPESCRIPT = CLIENTS / "python/sellerbeat/events.py", CLIENTS / "typescript/src/events.ts"


def test_they_are_as_the_models_say() -> None:
    assert PYTHON.read_text(encoding="utf-8") == python(), "run `make docs`"
    assert TYPESCRIPT.read_text(encoding="utf-8") == typescript(), "run `make docs`"


def test_the_python_ones_need_pydantic_alone() -> None:
    tree = ast.parse(PYTHON.read_text(encoding="utf-8"))
    needed = {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert needed - sys.stdlib_module_names == {"pydantic"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_the_python_ones_read_every_sample_as_it_came() -> None:
    module = _loaded()
    events = [one for type_ in EVENTS for one in (sample(type_), *other_samples(type_))]

    for event in events:
        read = module.read_event(event)
        assert type(read).__name__ == EVENTS[event["type"]].__name__
        assert json.loads(read.model_dump_json(exclude_unset=True)).keys() == event.keys()
        assert getattr(read.data, "as_sent", event["data"]) == event["data"]
    assert isinstance(module.read_event({"id": "1", "type": "order.vanished", "new": 1}), module.UnknownEvent)
    assert isinstance(module.read_delivery({"data": {"id": "test-1", "type": "endpoint.test"}}), module.UnknownEvent)


def _loaded() -> Any:
    spec = importlib.util.spec_from_file_location("events_of_the_client", PYTHON)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
