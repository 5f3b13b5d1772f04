"""Reports with something else in them, for a test to render."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

Any_ = TypeVar("Any_")
S = TypeVar("S", bound=msgspec.Struct)


def changed(record: S, **fields: Any) -> S:
    """Return a record with other fields; a function in place of a field is given the old one."""
    new = {name: value(getattr(record, name)) if callable(value) else value for name, value in fields.items()}
    return msgspec.structs.replace(record, **new)


def each(change: Callable[[Any_], Any_]) -> Callable[[tuple[Any_, ...]], tuple[Any_, ...]]:
    """Return what makes a change in each entry of a list."""
    return lambda entries: tuple(map(change, entries))


def spoilt(value: Any_, names: set[str], text: str) -> Any_:
    """Return records with a text in each field of some names that is not empty, in whatever they hold too."""
    new: Any = value
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        fields = {
            name: text if name in names and isinstance(held, str) and held else spoilt(held, names, text)
            for name, held in fields.items()
        }
        new = msgspec.structs.replace(value, **fields)
    elif isinstance(value, tuple):
        new = tuple(spoilt(held, names, text) for held in value)
    elif isinstance(value, dict):
        new = {key: spoilt(held, names, text) for key, held in value.items()}
    result: Any_ = new
    return result
