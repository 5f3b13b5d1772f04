"""Tables of the gate's own files, read strictly: what is not known, not there or of another type is refused."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from tfmatrix.errors import UserError
from tfmatrix.reading import reading, shown, toml_of
from tfmatrix.reading import text_of as reading_text


def text_of(path: Path) -> str:
    """Return the text of a file, empty where there is none; raises ``UserError`` where it cannot be read."""
    with reading(path.name):
        try:
            return reading_text(path)
        except FileNotFoundError:
            return ""


def read(path: Path, schema: int) -> dict[str, Any] | None:
    """Return what a file of a schema says, None where there is no such file.

    Raises ``UserError`` where it cannot be read or is of another schema than this tfmatrix knows.
    """
    if not os.path.lexists(path):
        return None
    with reading(path.name):
        document = toml_of(path)
    found = document.get("schema")
    if type(found) is not int or found != schema:
        raise UserError(f"{path.name} has the schema {shown(found)}, and this tfmatrix knows {schema}.")
    return document


def parse(text: str, name: str) -> tomlkit.TOMLDocument:
    """Return a document that keeps comments and order; raises ``UserError`` where the text is no TOML."""
    with reading(name):
        return tomlkit.parse(text)


def require_keys(table: Mapping[str, Any], keys: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Raise ``ValueError`` for a key that is unknown, or not there."""
    keys, optional = list(keys), set(optional)
    if strange := sorted(set(table) - set(keys)):
        raise ValueError(f"there is no key {strange[0]!r}; there are {', '.join(keys)}")
    if absent := [key for key in keys if key not in table and key not in optional]:
        raise ValueError(f"the key {absent[0]!r} is not there")


def string(table: Mapping[str, Any], key: str) -> str:
    """Return a string that is not empty; raises ``ValueError`` for anything else."""
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a string that is not empty")
    return str(value)


def day(table: Mapping[str, Any], key: str) -> date:
    """Return a day; raises ``ValueError`` for anything else, a time on a day included."""
    value = table[key]
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{key} must be a day, such as 2027-03-01 without quotes")  # noqa: TRY004  # as all others
    return date(value.year, value.month, value.day)


def table(document: Mapping[str, Any], key: str, kind: Any) -> dict[str, Any]:
    """Return a table that is not empty, its values of one kind; raises ``ValueError`` for anything else."""
    value = document[key]
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{key} must be a table that is not empty")
    try:
        found: dict[str, Any] = msgspec.convert(value, dict[str, kind])
    except msgspec.ValidationError as error:
        raise ValueError(f"{key} is of another shape: {error}") from None
    return found


def require_lists(table: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Raise ``ValueError`` where one of some values of a table is there and is no list."""
    if wrong := [key for key in keys if not isinstance(table.get(key, []), list)]:
        raise ValueError(f"{wrong[0]} must be a list")
