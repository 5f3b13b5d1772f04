"""Text that came from elsewhere on one line, and numbers as a reader wants them."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def in_one_line(value: object) -> str:
    """Return any text without line ends, terminal codes or other control characters, spaces at its ends kept."""
    return _CONTROL.sub(" ", _ESCAPES.sub("", str(value)))


def plain(value: object) -> str:
    """Return any text on one line, without terminal codes or control characters."""
    return in_one_line(value).strip()


def number(value: float | str | None) -> str:
    """Return a measured number with three digits, exact where it is a whole one below a million."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.3g}"
