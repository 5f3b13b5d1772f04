"""Mutations: of bytes, of lines, and of what a document holds."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

NASTY = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", "\u202e".encode(), b"\r", b"\r\n", b"\n", b"\t", b"'", b'"', b'"""', b"\\",
    b"#", b"=",
    b"[", b"]", b"{", b"}", b"[[", b"]]", b",", b":", b"&a", b"*a", b"<<: *a", b"- ", b"? ",
    b"!!python/object:os.system", b"--- ",
    b"-1", b"0", b"1.0", b"1e999", b"nan", b"inf", b"true", b"null", b"9999-12-31", b"0001-01-01",
    b"2026-11-25T00:00:00Z",
    b"9" * 400, b"9" * 5001, b"0x" + b"f" * 4000, b"[" * 400, b"{a = " * 300, b"(" * 400, b"-" * 4000, b"a.b." * 400,
    b"\\ud800",
    b"-r requirements.txt", b"-r a\0b", b"-c /dev/zero", b"-e .", b"--index-url x", b"; python_version < '3'",
    b"==2.16.2", b"==",
    b"~=", b"tensorflow==2.16.2", b"keras==3.0.0", b"accepted = 1", b"schema = 1", b"schema = 2", b"id", b"x" * 3000,
)  # fmt: skip
"""Pieces that have a meaning somewhere, or none anywhere."""

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 2**31, 2**63, 2**64, -(2**63), 10**400, 0.5, -0.0, 1e308, float("inf"),
    float("nan"), "",
    " ", "a", "\0", "\ud800", "\u202e", "2.15.1", "2.16.2", "identical", "rounding", "observed", "0" * 64, "f" * 64,
    "x" * 3000,
    [], [[]], [None], [1, "a"], ["a"], {}, {"": None}, {"a": {"a": {}}}, [[[[[[[[]]]]]]]], "default", "tf2", "same",
    "9999-12-31",
)  # fmt: skip
"""What may stand in the place of a value."""


def of_bytes(content: bytes, random: Random) -> bytes:
    """Return other bytes: one to four changes of a place, a piece or a line."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(changed) + 1)
        end = min(len(changed), at + random.choice((1, 2, 8, 64, 1024)))
        match random.randrange(9):
            case 0:
                changed[at:at] = random.choice(NASTY)
            case 1:
                changed[at:end] = random.choice(NASTY)
            case 2:
                del changed[at:end]
            case 3:
                changed[at:at] = changed[at:end]
            case 4 if at < len(changed):
                changed[at] ^= 1 << random.randrange(8)
            case 5:
                del changed[at:]
            case 6:
                changed = _of_lines(changed, random)
            case 7 if at < len(changed):
                changed[at] = random.randrange(256)
            case _:
                changed[at:at] = random.randbytes(random.choice((1, 4)))
    return bytes(changed)


def _of_lines(content: bytearray, random: Random) -> bytearray:
    lines = bytes(content).splitlines(keepends=True)
    if not lines:
        return content
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(3):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            lines.insert(first, lines[second])
        case _:
            del lines[first]
    return bytearray(b"".join(lines))


def of_data(data: Any, random: Random) -> Any:
    """Return other data: one to three values, keys or entries are changed, gone, or where others were."""
    changed = deepcopy(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(_places(changed))
        if not places:
            return random.choice(VALUES)
        holder, key = random.choice(places)
        other_holder, other_key = random.choice(places)
        match random.randrange(6):
            case 0 | 1:
                holder[key] = deepcopy(random.choice(VALUES))
            case 2:
                del holder[key]
            case 3:
                holder[key] = deepcopy(other_holder[other_key])
            case 4 if isinstance(holder, list):
                holder.insert(key, deepcopy(holder[key]))
            case 5 if isinstance(holder, dict):
                holder[random.choice(("a", "", "id", "schema", f"{key}x"))] = holder.pop(key)
            case _:
                holder[key] = [deepcopy(holder[key])]
    return changed


def _places(data: Any) -> Any:
    """Yield every place of a document that holds a value: the table or list, and the key."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from _places(data[key])
