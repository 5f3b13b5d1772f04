"""Text that came from elsewhere as people are shown it, and numbers as a reader wants them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Unicode's format characters: what is read in another order than it is written in, or not seen at all."""
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What neither UTF-8 nor XML 1.0 has a place for: halves of characters, and two that are none."""


def in_one_line(value: object) -> str:
    """Return any text as every format can show it to people, spaces at its ends kept.

    It has no line ends, no terminal codes and no other control characters, nothing that turns the order of reading or
    is not seen, and nothing that is no character. Whatever is shown to people comes through here.
    """
    text = _CONTROL.sub(" ", _ESCAPES.sub("", str(value)))
    return _NO_CHARACTER.sub("\ufffd", _UNSEEN.sub("", text))


def plain(value: object) -> str:
    """Return any text `in_one_line`, without spaces at its ends."""
    return in_one_line(value).strip()


_INSTALLED = re.compile(
    r"/[^\n\"':]*/(?=(?:site-packages/(?!tfmatrix/)|tfmatrix/probe/|lib/python3\.[0-9]+/(?!site-packages/)))"
)
"""Where an environment, tfmatrix or a Python lies; what is within each is the same on every machine."""


def without_places(text: str, root: str) -> str:
    """Return a stack or an output without the folders of one machine: where the project lies, and what is installed."""
    return _INSTALLED.sub("", text).replace(f"{root.rstrip('/')}/", "")


MOST = 240
"""Characters of a message that a page shows where it says what became of something; the JSON has all of it."""


def shortened(value: object, most: int = MOST) -> str:
    """Return the beginning of any text in one line."""
    line = plain(value)
    return line if len(line) <= most else f"{line[:most].rstrip()}…"


def cut_within(name: object, most: int) -> str:
    """Return a name for a picture: of a long one the beginning and the end, which tell names of one kind apart."""
    line, end = plain(name), most // 3
    return line if len(line) <= most else f"{line[: most - end - 1]}…{line[-end:]}"


def in_lines(value: object) -> str:
    """Return any text as people are shown it, its lines as they are."""
    return "\n".join(map(in_one_line, str(value).split("\n")))


def counted(count: int, what: str) -> str:
    """Return how many there are of something: ``1 model``, ``2 models``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def few(names: Sequence[str], most: int, *, between: str = ", ") -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def number(value: float | str | None) -> str:
    """Return a measured number with three digits, exact where it is a whole one below a million."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.3g}"


def told_apart(one: float | str, other: float | str) -> tuple[str, str]:
    """Return two measured numbers with three digits, with more where these do not tell one from the other."""
    found = number(one), number(other)
    for digits in range(4, 8):
        if found[0] != found[1] or one == other or isinstance(one, str) or isinstance(other, str):
            break
        found = f"{one:.{digits}g}", f"{other:.{digits}g}"
    return found


def share(value: float) -> str:
    """Return a share of something as a reader wants it: per cent with two digits, or how many times."""
    if value == 0:
        return "0"
    if not value < float("inf"):
        return "not measurable"
    if value < LEAST_SHARE:
        return f"less than {100 * LEAST_SHARE:g} %"
    return f"{100 * value:.2g} %" if value < 1 else f"{100 * value:.0f} %" if value < MANY else f"{value:.2g} times"


MANY = 10
"""How many times something is told as that, and not in per cent."""

LEAST_SHARE = 1e-5
"""The smallest share that is shown as a number."""
