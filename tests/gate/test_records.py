"""What the gate's records are: values that nothing changes once they are made."""

from __future__ import annotations

import pkgutil
from dataclasses import is_dataclass
from importlib import import_module

import pytest

from tfmatrix import gate

RECORDS = [
    value
    for module in pkgutil.iter_modules(gate.__path__, f"{gate.__name__}.")
    for value in vars(import_module(module.name)).values()
    if is_dataclass(value) and isinstance(value, type) and value.__module__ == module.name
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.__name__))
def test_no_record_changes(record: type) -> None:
    """What was judged, accepted or pinned stays as it was: no attribute can be set."""
    blank: object = object.__new__(record)
    with pytest.raises(AttributeError, match="cannot assign to field"):
        setattr(blank, next(iter(record.__annotations__)), None)
