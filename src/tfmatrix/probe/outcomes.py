"""What a trial can end in besides being observed, as the child knows it."""

from __future__ import annotations

WANTING = ("No space left on device", "Disk quota exceeded", "Cannot allocate memory", "std::bad_alloc")
"""Parts of the messages, by the system and by C++, of what ends for want of disk or memory."""


class Unsupported(Exception):
    """This model does not exist in this mode or release; the message is the reason."""


class BadModel(Exception):
    """The model file breaks the contract of reference models; the message says where and how."""


class Elsewhere(Exception):
    """A trial ran on another device than its launch asks for; the message says which."""


class Changed(Exception):
    """A file is not what the trial's key covers any more; the message says which, after the model file and its line."""


class Refusal(Exception):
    """A release did not write, read or use an artefact: when that was, the exception's type, and its message."""

    def __init__(self, phase: str, kind: str, text: str) -> None:
        super().__init__("{}: {}".format(phase, text))
        self.kind = kind


def want_of(error: BaseException) -> str:
    """Return what a trial lacked of memory or disk, in one text, where it ended for want of that; else nothing.

    That is the machine's fault, and tells nothing of a model. A library may raise an error of its own about the
    system's while it handles that one.
    """
    known = {id(error)}
    while True:
        try:
            told = str(error)
        except Exception:  # the model's own exception class may fail at this in any way
            told = ""
        for text in WANTING:
            if text in told:
                return text
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            return "out of memory"
        inner = error.__cause__ or error.__context__
        if inner is None or id(inner) in known:
            return ""
        known.add(id(inner))
        error = inner
