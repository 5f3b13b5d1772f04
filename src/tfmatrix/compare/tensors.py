"""Tensors and traces by digest, and the distance of two digests: read and measured once for what is asked together."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare.alignment import Alignment, Layout, Names, align
from tfmatrix.compare.distance import Distance, measure, measure_rows
from tfmatrix.compare.effect import Effect, Sample, judge, unknown
from tfmatrix.compare.layers import Layer, unlike
from tfmatrix.compare.projections import Projections, projections
from tfmatrix.compare.ulp import format_of
from tfmatrix.records import Fingerprint, Tensor
from tfmatrix.store.fingerprints import evenly, to_array, trace_digest
from tfmatrix.store.store import Store

SHORT = 2**14
"""Bytes of a tensor up to which it is measured together with others: its elements fit a chunk, whatever they are."""

AT_ONCE = 2**11
"""Pairs of short tensors that are read and measured together."""

RECENT = 2**12
"""Short tensors that are held, besides those of the pairs that are measured: 64 MiB at most."""

LONG = 8
"""Tensors of any length that are held as arrays: 128 MiB at most, since a probe keeps 16 of each, but for strings."""

NOT_MEASURED = "different bits, not measured: the bytes of a step in between are not kept"
"""What is said of a difference where bytes lack."""


class Tensors:
    """A store as a comparison needs it."""

    def __init__(self, store: Store, *, measured: bool = True) -> None:
        """Read from a store, which must stay open; distances that other code measured are dropped from it.

        Without ``measured`` what was measured before is not read: where nothing is asked of distances.
        """
        self._store = store
        self._known: dict[tuple[str, str], Distance] = {}
        if measured:
            store.keep_distances(_measuring_source())
        for pairs, found in store.distances() if measured else ():
            with suppress(ValueError, TypeError):  # what cannot be read is measured again
                distances = [Distance(*each) for each in json.loads(found)]
                self._known |= dict(zip(pairs, distances, strict=True))
        self._partial = store.partial()
        """Of every tensor that is not there whole, whether a sample of it is."""
        self._new: list[tuple[str, str]] = []
        self._together: list[tuple[str, str]] = []
        """Pairs that were measured with others, and not singly: cheap to measure again."""
        self._short: dict[str, Tensor] = {}
        """Short tensors that were read lately: a baseline's are wanted by every candidate."""
        self.names = lru_cache(maxsize=1024)(self._names)  # those of one model, which may be long
        self.alignment = lru_cache(maxsize=256)(self._alignment)
        self.stage_digest = lru_cache(maxsize=4096)(self._stage_digest)
        self.array = lru_cache(maxsize=LONG)(self._array)
        self.largest = lru_cache(maxsize=4096)(self._largest)
        self.rms = lru_cache(maxsize=4096)(self._rms)
        self.projections = lru_cache(maxsize=2**14)(self._projections)
        self.floor = lru_cache(maxsize=4096)(self._floor)
        self.unlike = lru_cache(maxsize=4096)(self._unlike)
        self.effect = lru_cache(maxsize=4096)(self._effect)

    def _names(self, trace: str) -> Names:
        return {(print_.tier, print_.stage): print_.digest for print_ in self._store.trace(trace)}

    def _stage_digest(self, trace: str, tier: str, names: tuple[str, ...]) -> str:
        """Return one digest for tensors of a trace; one that the trace does not have counts as such."""
        return digest_of(self.names(trace), tier, names)

    def _alignment(self, baseline: str, candidate: str) -> Alignment:
        """Return how the names of a candidate's trace are aligned with those of a baseline's."""
        return align(self.names(baseline), self.names(candidate), self._store.layouts)

    def aligned(self, a: Names, b: Names) -> Alignment:
        """Return how some names of a candidate's are aligned with some of a baseline's."""
        return align(a, b, self._store.layouts)

    def _unlike(self, baseline: str, candidate: str) -> Mapping[str, Layer]:
        """Return the draws of two traces whose layer's draws do not line up, with that layer."""
        names, alignment = (self.names(baseline), self.names(candidate)), self.alignment(baseline, candidate)
        return unlike(*names, alignment, self._store.layouts)

    def _effect(self, a: tuple[str, str], b: tuple[str, str]) -> Effect:
        """Return what two layers' effects say, each by the digests of its outputs and of the one without draws."""
        if not all(map(self.is_whole, (*a, *b))):
            return unknown("not all of its outputs are kept")
        return judge(*(Sample(*(self.array(digest)[0] for digest in side)) for side in (a, b)))

    def layout(self, digest: str) -> Layout:
        """Return dtype and shape of a tensor."""
        return self._store.layouts((digest,))[digest]

    def layouts(self, digests: Collection[str]) -> Mapping[str, Layout]:
        """Return dtype and shape of tensors by their digests."""
        return self._store.layouts(digests)

    def size(self, digest: str) -> int:
        """Return how many bytes a tensor has; of strings, how many there are."""
        dtype, shape = self.layout(digest)
        return math.prod(shape) * (1 if dtype == "string" else _width(dtype))

    def has_bytes(self, digest: str) -> bool:
        """Return whether a difference of a tensor can be measured, if only by a sample."""
        return self._partial.get(digest, True)

    def is_whole(self, digest: str) -> bool:
        """Return whether all bytes of a tensor are there."""
        return digest not in self._partial

    def _array(self, digest: str) -> tuple[NDArray[Any], bool]:
        """Return a tensor and whether it is whole; without elements where no bytes of it are there."""
        tensor = self._short.get(digest) or self._store.tensor(digest)
        return to_array(tensor), tensor.whole

    def _largest(self, digest: str) -> float:
        """Return the largest finite magnitude of a tensor of floats, 0 where it has none."""
        magnitudes = np.abs(self.array(digest)[0].astype(np.float64))
        return float(np.max(magnitudes, initial=0.0, where=np.isfinite(magnitudes)))

    def eps(self, digest: str) -> float:
        """Return the distance from 1 to the next number of a tensor of floats' dtype."""
        layout = format_of(self.array(digest)[0].dtype.newbyteorder("="))
        return layout.eps if layout else 0.0

    def _rms(self, digest: str) -> float:
        """Return the root mean square of the finite numbers of a tensor of floats, 0 where it has none."""
        numbers = self.array(digest)[0].astype(np.float64).ravel()
        numbers = numbers[np.isfinite(numbers)]
        return math.sqrt(float(numbers @ numbers) / numbers.size) if numbers.size else 0.0

    def _projections(self, a: tuple[str, ...], b: tuple[str, ...]) -> Projections | None:
        """Return the projections of the difference of tensors, taken as one vector; None where one is not whole."""
        found = [[self.array(digest) for digest in side] for side in (a, b)]
        if not all(whole for side in found for _, whole in side):
            return None
        first, second = (np.concatenate([array.ravel() for array, _ in side]) for side in found)
        return projections(first, second)

    def moved(self, jittered: str, jitters: tuple[str, ...], tier: str, stage: str) -> list[str]:
        """Return the digest of a stage in a trace, and in each trace that jitters it where both have the stage."""
        from_ = self.names(jittered).get((tier, stage), "")
        to = (self.names(trace).get((tier, stage)) for trace in jitters)
        return [from_, *(digest for digest in to if from_ and digest)]

    def _floor(self, jittered: str, jitters: tuple[str, ...], tier: str, stage: str) -> float | None:
        """Return the largest scaled error at a stage of some traces against the one they jitter; None without any."""
        from_, *to = self.moved(jittered, jitters, tier, stage)
        errors = (self.distance(from_, digest).scaled_error for digest in to)
        return max((error for error in errors if error is not None), default=None)

    def distance(self, a: str, b: str) -> Distance:
        """Return the distance of two digests."""
        if (a, b) not in self._known:
            self._learn(a, b, self.measured(a, b))
        return self._known[a, b]

    def knows(self, a: str, b: str) -> bool:
        """Return whether a distance was measured before."""
        return (a, b) in self._known

    def prepare(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Measure pairs of digests of which no distance is known, as far as both tensors are short.

        Those of one dtype and shape are measured at once, which is what makes many short tensors cheap. What earlier
        calls measured so is let go of once it is stored, and measured again where a later call asks for it: of many
        models it takes more memory than all else does.
        """
        if len(self._new) >= AT_ONCE:
            self.keep()
            for pair in self._together:
                del self._known[pair]
            self._together = []
        unknown = (pair for pair in dict.fromkeys(pairs) if not self.knows(*pair))
        while some := list(islice(unknown, AT_ONCE)):
            if len(self._short) > RECENT:
                self._short.clear()
            unread = {digest for pair in some for digest in pair}.difference(self._short)
            self._short |= self._store.tensors(unread, SHORT)
            self._measure(some)

    def _measure(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Measure those of some pairs whose tensors are held and alike, each dtype and shape at once."""
        alike: dict[tuple[str, tuple[int, ...]], list[tuple[tuple[str, str], tuple[bytes, bytes]]]] = {}
        for a, b in pairs:
            first, second = self._short.get(a), self._short.get(b)
            if first and second and first.whole and second.whole and _layout(first) == _layout(second):
                alike.setdefault(_layout(first), []).append(((a, b), (first.data, second.data)))
        for (dtype, shape), members in alike.items():
            if dtype == "string":
                continue
            columns = math.prod(shape)
            size = columns * _width(dtype)
            rows = [(pair, data) for pair, data in members if [*map(len, data)] == [size, size]]
            x, y = (
                to_array(Tensor(dtype, (len(rows), columns), b"".join(data[side] for _, data in rows)))
                for side in (0, 1)
            )
            for (pair, _), found in zip(rows, measure_rows(x, y), strict=True):
                self._learn(*pair, found)
                self._together.append(pair)

    def keep(self) -> None:
        """Store the distances that were measured since the last call: between two digests they never change."""
        if self._new:
            self._store.add_distances(self._new, json.dumps([self._known[pair] for pair in self._new]))
        self._new = []

    def close(self) -> None:
        """Store what was measured, and let go of the rest: what caches of its own methods hold would stay otherwise."""
        self.keep()
        self._known, self._short = {}, {}
        read = self.array, self.largest, self.rms, self.projections, self.floor
        for cache_ in (self.names, self.alignment, self.stage_digest, self.unlike, self.effect, *read):
            cache_.cache_clear()

    def _learn(self, a: str, b: str, distance: Distance) -> None:
        self._known[a, b] = distance
        if self.is_whole(a) and self.is_whole(b):  # else more may be known of them some day
            self._new.append((a, b))

    def measured(self, a: str, b: str) -> Distance:
        """Return the distance of two digests, measured anew."""
        (first, first_whole), (second, second_whole) = self.array(a), self.array(b)
        if first_whole and second_whole:
            return measure(first, second)
        layouts = self._store.layouts((a, b))
        if layouts[a] == layouts[b] and self.has_bytes(a) and self.has_bytes(b):
            return measure(evenly(first), evenly(second), sampled=True)
        elements = max(math.prod(shape) for _, shape in layouts.values())
        note = _obstacle(layouts[a], layouts[b]) or NOT_MEASURED
        return Distance(comparable=False, note=note, elements=elements, differing=elements, sampled=True)


def digest_of(digests: Names, tier: str, names: Iterable[str]) -> str:
    """Return one digest for some names of a trace; one that the trace does not have counts as such."""
    return trace_digest(Fingerprint(tier, name, digests.get((tier, name), "")) for name in names)


def wrong_distances(store: Store) -> Iterator[str]:
    """Yield a sentence for each stored distance that is not what its two tensors have, or that cannot be told."""
    measuring = Tensors(store)
    for pairs, _ in store.distances():
        if not all(measuring.knows(a, b) for a, b in pairs):
            yield f"the distances of {len(pairs)} pairs of tensors cannot be read"
            continue
        for a, b in pairs:
            if not (store.is_sound(a) and store.is_sound(b)):
                yield f"there is a distance of {a[:12]} and {b[:12]}, which are not both there"
            elif measuring.distance(a, b) != measuring.measured(a, b):
                yield f"the distance of {a[:12]} and {b[:12]} is another one than what is stored"


def _obstacle(a: Layout, b: Layout) -> str:
    """Return why tensors of two layouts cannot be compared, or an empty string."""
    for what, mine, other in zip(("dtype", "shape"), a, b, strict=True):
        if mine != other:
            return f"{what} {mine} became {other}"
    return ""


def _layout(tensor: Tensor) -> tuple[str, tuple[int, ...]]:
    return tensor.dtype, tensor.shape


@cache
def _width(dtype: str) -> int:
    """Return the bytes of one element."""
    return to_array(Tensor(dtype, (0,), b"")).itemsize


@cache
def _measuring_source() -> str:
    """Return the digest of the code that measures distances."""
    state = hashlib.sha256()
    for name in ("distance.py", "arrays.py", "ulp.py"):
        state.update(Path(__file__).with_name(name).read_bytes())
    return state.hexdigest()
