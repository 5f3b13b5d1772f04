"""What every report's data have: an id, the text of a JSON file, and numbers as JSON has them."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any, TextIO

from tfmatrix.compare.distance import Distance

ID_DIGITS = 8
"""Hexadecimal digits of a report's id."""


Data = dict[str, Any]


def write(content: Data, file: TextIO) -> Data:
    """Write content under its id into an empty file as `to_text` has it, and return both; all is encoded only once.

    The id comes first in the file and is known last, so its place is filled at the end: the text of a large report,
    held until then, would take as much memory again.
    """
    pieces = _pieces(content)
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
    return {"id": id_, **content}


def report_id(content: Data) -> str:
    """Return the id of a report's content: the first hexadecimal digits of the SHA-256 of its JSON.

    Which is that of Python's ``json.dumps``: one line of ASCII.
    """
    state = hashlib.sha256()
    for piece in _pieces({key: value for key, value in content.items() if key != "id"}):
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


def to_text(content: Data) -> str:
    """Return the data as the text of a JSON file, with a line for each entry of a list: a cell, a candidate."""
    return "".join(_pieces(content))


def _pieces(content: Data) -> Iterator[str]:
    """Yield the text of a report's data, an entry of a list at a time."""
    yield "{\n "
    for number, (name, value) in enumerate(content.items()):
        if number:
            yield ",\n "
        yield f"{_encoded(name)}: "
        if not (isinstance(value, list) and value):
            yield _encoded(value)
            continue
        yield "[\n  "
        for place_, entry in enumerate(value):
            if place_:
                yield ",\n  "
            yield _encoded(entry)
        yield "\n ]"
    yield "\n}\n"


_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode


def as_json(value: Any) -> Any:
    """Return a value as JSON has it, which knows no tuples."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list | tuple) else value


def as_number(value: float | None) -> float | str | None:
    """Return a number as JSON has it: NaN and infinities are words, since JSON has none."""
    return value if value is None or math.isfinite(value) else repr(float(value))


def of_distance(distance: Distance) -> Data:
    """Return a distance as JSON has it."""
    measured = {"fraction": distance.fraction, **distance._asdict()}
    return {**measured, "max_abs": as_number(distance.max_abs), "scaled_error": as_number(distance.scaled_error)}
