"""The two kinds of error: what the user can mend, and what is our bug."""

from __future__ import annotations

from typing import NoReturn


class UserError(Exception):
    """Something that the user can mend; its message is one sentence: what is wrong, where, what to do."""


class Unavailable(UserError):
    """An environment that cannot be had on this machine; its message is the reason and the mend."""


class InternalError(AssertionError):
    """A broken promise of our own code; it keeps its traceback and asks to be reported."""


def unreachable(value: NoReturn) -> NoReturn:
    """Raise where every case should have been handled; mypy refuses a call that some value can come to."""
    raise InternalError(f"nothing is done with {value!r}")


def sentence(text: str) -> str:
    """Return what is told a user as a sentence: with a full stop, unless it ends with a question."""
    return text if text.endswith("?") else f"{text}."
