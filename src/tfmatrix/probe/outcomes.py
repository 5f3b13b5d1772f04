"""What a trial can end in besides being observed, as the child knows it."""

from __future__ import annotations


class Unsupported(Exception):
    """This model does not exist in this mode or release; the message is the reason."""


class BadModel(Exception):
    """The model file breaks the contract of reference models; the message says where and how."""
