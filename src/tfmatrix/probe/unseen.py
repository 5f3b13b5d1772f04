"""Ops that the probe itself runs while it looks at a training: they are none of the model's."""

from __future__ import annotations

import contextlib
from typing import Iterator

_under_way = 0


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Run ops of the probe's own."""
    global _under_way  # noqa: PLW0603  # one for the process, as what it counts is
    _under_way += 1
    try:
        yield
    finally:
        _under_way -= 1


def under_way() -> bool:
    """Tell whether what runs now is the probe's own."""
    return _under_way > 0
