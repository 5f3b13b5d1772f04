"""Keeping: of which tensors of a trial the bytes are kept; of every other one the digest, dtype and shape are all.

A comparison measures differences, so it needs bytes where two runs may differ: what feeds a training, what its first
and its last step made of it, and each injected stage. What lies between has digests, which tell whether it differs. The
host may ask for more by name, once it knows where two traces part.
"""

from __future__ import annotations

from typing import Any, Collection, Dict, NamedTuple, Optional, Set, Tuple

import numpy as np

from .fingerprint import Tensor

NATIVE = "native"
"""The tier in which each stage is fed by the one before it: what a user gets."""
START = "start"
"""The native one once more, from the baseline's initial weights, order of rows and draws."""
OPS = "ops"
"""Single ops and what they are given: each is to be replayed from its bytes."""
SINGLE = ("op", "given")
"""The stages of that tier that hold tensors of a model; all others say what these are."""

SMALL = 4 << 10
"""Bytes up to which a tensor is kept wherever it stands."""

SMALL_TOGETHER = 32 << 20
"""Bytes that such tensors of steps in between may take: a long run has many."""

ALWAYS = 256 << 10
"""Bytes up to which a tensor that is kept is kept whole."""

LARGEST = 16 << 20
"""Bytes above which a tensor is not kept whole, unless the host asks for it."""

LARGEST_WANTED = 512 << 20
"""Bytes above which no tensor is kept whole: a field of the host's store has an end."""

TOGETHER = 64 << 20
"""Bytes that all whole tensors may take: beyond that, the largest are kept as samples."""

TOGETHER_WANTED = 1 << 30
"""The same in a trial that the host asks for more."""

TOGETHER_OPS = 512 << 20
"""The same of single ops and what they are given: what comes beyond that has its digest alone."""

SAMPLE = 1 << 14
"""Elements, evenly spaced, that are kept of a tensor that is not kept whole."""

DIGEST_ONLY = ("data", "batch")
"""Stages that are large, and the same on both sides wherever two runs can be compared further on."""


class Kept(NamedTuple):
    """What is kept of a tensor."""

    data: bytes
    whole: bool


def evenly(array: Any, most: int = SAMPLE) -> Any:
    """Return so many evenly spaced elements of an array, 1-D; one that has no more than that is as it is.

    Their places come from whole numbers alone: they are the same ones with every NumPy.
    """
    array = np.asarray(array)
    if array.size <= most:
        return array
    return array.reshape(-1)[np.arange(most, dtype=np.int64) * (array.size - 1) // (most - 1)]


def sample(tensor: Tensor) -> bytes:
    """Return the bytes of evenly spaced elements."""
    width = len(tensor.data) // int(np.prod(tensor.shape, dtype=np.int64))
    return bytes(evenly(np.frombuffer(tensor.data, "V{}".format(width))).tobytes())


class Keeping:
    """The bytes of one trial that are kept, by digest, while it goes on."""

    def __init__(self, wanted: Collection[str] = ()) -> None:
        """Keep what the policy says, and all that is wanted: a stage, ``native gradient@3``, or one tensor of it."""
        self._wanted = frozenset(wanted)
        self._most = TOGETHER_WANTED if wanted else TOGETHER
        self._kept: Dict[str, Kept] = {}
        self._holders: Dict[str, int] = {}
        """How many stages hold the bytes of a digest."""
        self._last: Dict[Tuple[str, str], Optional[str]] = {}
        """The last digest of each stage and variable that comes step after step; None after the first, which stays."""
        self._large: Dict[str, Tuple[bool, int, Tensor]] = {}
        """Those kept whole that may become samples: whether nobody wants them, their bytes, and what they are."""
        self._together = 0
        self._small = 0
        self.elsewhere: Set[str] = set()
        """Digests of which the host has the bytes."""

    def see(self, tier: str, stage: str, name: str, tensor: Tensor) -> None:
        """Keep the bytes of a stage's tensor, of the digest that is its name, or let them go."""
        head, _, variable = stage.partition("/")
        kind, _, step = head.partition("@")
        size = len(tensor.data)
        if not self._wanted.isdisjoint(("{} {}".format(tier, head), "{} {}".format(tier, stage))):
            self._hold(name, tensor, wanted=True)
        elif tier == OPS and head in SINGLE:
            self._hold_all(name, tensor)
        elif tier not in (NATIVE, START):
            self._hold(name, tensor)
        elif size <= SMALL and self._small + size <= SMALL_TOGETHER:
            self._small += size if name not in self._kept else 0
            self._hold(name, tensor)
        elif kind in DIGEST_ONLY:
            pass
        elif not step:
            self._hold(name, tensor)
        else:
            self._hold(name, tensor)
            series = (kind, variable)
            before = self._last.get(series)
            self._last[series] = name if series in self._last else None
            if before is not None:
                self._release(before)

    def of(self, name: str) -> Kept:
        """Return what is kept of a digest's tensor, which may be nothing."""
        return self._kept.get(name, Kept(b"", whole=False))

    def _hold(self, name: str, tensor: Tensor, *, wanted: bool = False) -> None:
        self._holders[name] = self._holders.get(name, 0) + 1
        if name in self._kept:
            return
        size = len(tensor.data)
        strings = tensor.dtype == "string"
        if size <= (LARGEST_WANTED if wanted or strings else LARGEST):
            self._kept[name] = Kept(tensor.data, whole=True)
            self._together += size
            if not strings and size > ALWAYS:
                self._large[name] = (not wanted, size, tensor)
        else:
            self._kept[name] = Kept(b"" if strings else sample(tensor), whole=False)
        while self._together > self._most and self._large:
            largest = max(self._large, key=lambda one: self._large[one][:2])
            _, size, whole = self._large.pop(largest)
            self._together -= size
            self._kept[largest] = Kept(sample(whole), whole=False)

    def _hold_all(self, name: str, tensor: Tensor) -> None:
        """Keep a tensor whole, or nothing of it."""
        if name not in self._kept and name not in self.elsewhere and self._together + len(tensor.data) <= TOGETHER_OPS:
            self._kept[name] = Kept(tensor.data, whole=True)
            self._together += len(tensor.data)

    def _release(self, name: str) -> None:
        self._holders[name] -= 1
        if not self._holders[name]:
            kept = self._kept.pop(name)
            self._large.pop(name, None)
            if kept.whole:
                self._together -= len(kept.data)
