"""What every report has: an id, and the text of a JSON file, from which it can be read again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, TypeVar

import msgspec

from tfmatrix.report.records import Report

ID_DIGITS = 8
"""Hexadecimal digits of a report's id."""

UNNAMED = ""
"""What stands in place of the id until the rest is known."""

R = TypeVar("R", bound=Report)


def identified(report: R) -> R:
    """Return a report under its id."""
    return msgspec.structs.replace(report, id=report_id(report))


def write(report: R, file: TextIO) -> R:
    """Write a report under its id into an empty file as `to_text` has it, and return it; all is encoded only once.

    The id comes first in the file and is known last, so its place is filled at the end: the text of a large report,
    held until then, would take as much memory again.
    """
    pieces = _content(report)
    begun = next(pieces)
    state = hashlib.sha256(_in_one_line(begun))
    file.write(f'{begun}"id": "')
    place_of_id = file.tell()
    file.write(" " * ID_DIGITS + '",\n ')
    for piece in pieces:
        state.update(_in_one_line(piece))
        file.write(piece)
    id_ = state.hexdigest()[:ID_DIGITS]
    file.seek(place_of_id)
    file.write(id_)
    return msgspec.structs.replace(report, id=id_)


def report_id(report: Report) -> str:
    """Return the id of a report's content: the first hexadecimal digits of the SHA-256 of its JSON.

    Which is that of Python's ``json.dumps``: one line of ASCII.
    """
    state = hashlib.sha256()
    for piece in _content(report):
        state.update(_in_one_line(piece))
    return state.hexdigest()[:ID_DIGITS]


def _in_one_line(piece: str) -> bytes:
    """Return a piece of JSON as it is in one line of ASCII."""
    if "\n" in piece:
        piece = _ONE_LINE[piece]
    plain = piece.isascii() and "\x7f" not in piece
    return (piece if plain else _NOT_PLAIN.sub(_escaped, piece)).encode("ascii")


_ONE_LINE = {"{\n ": "{", ",\n ": ", ", "\n}\n": "}", "[\n  ": "[", ",\n  ": ", ", "\n ]": "]"}
"""What `_pieces` puts between what it encodes, and what stands there in one line."""


_NOT_PLAIN = re.compile("[^ -~]")
"""What Python's encoder escapes, besides what every encoder does."""


def _escaped(character: re.Match[str]) -> str:
    return json.dumps(character[0]).strip('"')


def to_text(report: Report) -> str:
    """Return a report as the text of a JSON file, with a line for each entry of a list: a cell, a candidate."""
    return "".join(_pieces(_fields(report)))


def _content(report: Report) -> Iterator[str]:
    """Yield the text of everything but the id."""
    return _pieces([(name, value) for name, value in _fields(report) if name != "id"])


def _fields(report: Report) -> Iterator[tuple[str, Any]]:
    """Yield what a report holds, under the names that JSON has for it."""
    for name, encoded in zip(report.__struct_fields__, report.__struct_encode_fields__, strict=True):
        yield encoded, getattr(report, name)


def _pieces(fields: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield the text of some fields, an entry of a list at a time."""
    yield "{\n "
    for number, (name, value) in enumerate(fields):
        if number:
            yield ",\n "
        yield f"{_encoded(name)}: "
        if not (isinstance(value, tuple) and value):
            yield _encoded(value)
            continue
        yield "[\n  "
        for place_, entry in enumerate(value):
            if place_:
                yield ",\n  "
            yield _encoded(entry)
        yield "\n ]"
    yield "\n}\n"


_plain_encoded = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, default=msgspec.to_builtins
).encode

_HALF = re.compile("[\ud800-\udfff]")


def _encoded(value: Any) -> str:
    """Return a value as JSON; half a character, which has no bytes in UTF-8, as the escape that stands for it."""
    return _HALF.sub(_escaped, _plain_encoded(value))


def of_shape(data: Any, kind: type[R]) -> R:
    """Return what JSON held as a report; raises ``ValueError``, saying where, for what has not its shape."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
