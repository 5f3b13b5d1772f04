"""Text that came from elsewhere, made safe for Markdown; and numbers as a reader wants them."""

from __future__ import annotations

import re

from tabulate import tabulate

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def plain(value: object) -> str:
    """Return any text on one line, without terminal codes or control characters."""
    return _CONTROL.sub(" ", _ESCAPES.sub("", str(value))).strip()


def escaped(value: object) -> str:
    """Return any text so that Markdown shows it as it is, in a table or outside."""
    safe = plain(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)


def code(value: object) -> str:
    """Return any text as a code span, in a table or outside."""
    content = plain(value)
    if not content:
        return ""
    if "`" in content or "|" in content:  # a code span's own escapes are not the same in every Markdown
        return escaped(content)
    return f"`{content}`"


def table(headings: list[str], rows: list[list[str]], right: tuple[int, ...] = ()) -> str:
    """Return a Markdown table of cells that are safe already; the columns in ``right`` are numbers."""
    aligned = ["right" if column in right else "left" for column in range(len(headings))]
    return tabulate(rows, headings, tablefmt="pipe", disable_numparse=True, colalign=aligned) if rows else ""


def number(value: float | str | None) -> str:
    """Return a measured number with three digits, exact where it is a whole one below a million."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.3g}"
