"""Tables of the gate's own files, read strictly: what is not known, not there or of another type is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tfmatrix.errors import UserError


def text_of(path: Path) -> str:
    """Return the text of a file, empty where there is none; raises ``UserError`` where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read: {error}.") from None


def parse(text: str, name: str) -> tomlkit.TOMLDocument:
    """Return a document that keeps comments and order; raises ``UserError`` where the text is no TOML."""
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise UserError(f"{name} cannot be read: {error}.") from None


def require_schema(document: Mapping[str, Any], schema: int, name: str) -> None:
    """Raise ``UserError`` where a file is of another schema than this tfmatrix knows."""
    if document.get("schema") != schema:
        raise UserError(f"{name} has the schema {document.get('schema')!r}, and this tfmatrix knows {schema}.")


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


def table(document: tomlkit.TOMLDocument, key: str) -> dict[str, Any]:
    """Return a table that is not empty as plain values; raises ``ValueError`` for anything else."""
    value = document.unwrap()[key]
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{key} must be a table that is not empty")
    return value
