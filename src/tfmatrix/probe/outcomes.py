"""What a trial can end in besides being observed, as the child knows it."""

from __future__ import annotations


class Unsupported(Exception):
    """This model does not exist in this mode or release; the message is the reason."""


class BadModel(Exception):
    """The model file breaks the contract of reference models; the message says where and how."""


class Changed(Exception):
    """A file is not what the trial's key covers any more; the message says which, after the model file and its line."""


class Refusal(Exception):
    """A release did not write, read or use an artefact: when that was, the exception's type, and its message."""

    def __init__(self, phase: str, kind: str, text: str) -> None:
        super().__init__("{}: {}".format(phase, text))
        self.kind = kind
