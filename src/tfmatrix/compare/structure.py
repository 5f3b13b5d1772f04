"""Structure: which draws of one trial are equal to each other, and what repeats within one.

Two draws are equal because they have one seed, or are one draw that is used twice: that is meaning, and the bits alone
show it. Equal by chance does not count, so a draw has to have some bits that were drawn.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare.alignment import Layout
from tfmatrix.compare.stages import NATIVE, RANDOM, parse
from tfmatrix.compare.tensors import Tensors

Array = NDArray[Any]
Names = Mapping[tuple[str, str], str]

LEAST_BITS = 40.0
"""Bits that must have been drawn for two draws to be equal for a reason: by chance one pair in 10^12 is."""

FLOAT_BITS, OTHER_BITS = 20.0, 0.1
"""Bits that an element is taken to have of which the bytes are not known: uniform float32 numbers have 23. A mask of
rate 0.99 has 0.08."""


MOST_SORTED, MOST_SORTED_ELEMENTS = 256, 2**16
"""Draws of one layout, and elements of each, up to which it is looked whether one has another's numbers."""


class Pair(NamedTuple):
    """That a draw of a trial is equal to another one on one side only."""

    other: str
    here: bool
    """Whether they are equal in the candidate."""


def told(a: Names, b: Names, tensors: Tensors) -> Mapping[str, str]:
    """Return the native draws by which the two sides' structures part, each with what is to be said of it.

    Where a draw has the same bits on both sides, that which it is equal to on one side only is another one, and is
    named.
    """
    drawn = [key for key in a if key[0] == NATIVE and RANDOM.get(parse(key[1]).kind, "seed") != "seed" and key in b]
    if all(a[key] == b[key] for key in drawn):
        return {}
    layouts = tensors.layouts({side[key] for side in (a, b) for key in drawn})
    groups: dict[Hashable, list[tuple[str, str, str]]] = {}
    for key in drawn:
        groups.setdefault((parse(key[1]).kind, layouts[a[key]]), []).append((key[1], a[key], b[key]))
    found: dict[str, str] = {}
    for members in groups.values():
        kind = parse(members[0][0]).kind
        what = "order" if RANDOM[kind] == "order" else "draw"

        def counts(digest: str, kind: str = kind) -> bool:
            return _bits(digest, kind, layouts[digest], tensors) >= LEAST_BITS

        for name, (other, here) in _parted(members, counts):
            side, elsewhere = ("here", "in the baseline") if here else ("in the baseline", "here")
            found.setdefault(name, f"equals {_told(other)} {side}, another {what} {elsewhere}")
        if what == "draw" and "float" in layouts[members[0][1]][0]:
            for name, (other, here) in _parted(*_sorted(members, counts, tensors)):
                side = "here" if here else "in the baseline"
                found.setdefault(name, f"has the numbers of {_told(other)} in other places, {side} only")
    return found


def _told(name: str) -> str:
    return name.partition("/")[0] if RANDOM[parse(name).kind] == "order" else name


def _bits(digest: str, kind: str, layout: Layout, tensors: Tensors) -> float:
    """Return how many bits were drawn of a tensor, as far as can be told."""
    is_order = RANDOM[kind] == "order"
    if tensors.has_bytes(digest):
        array = tensors.array(digest)[0]
        return order_bits(array) if is_order else drawn_bits(array)
    return math.lgamma(math.prod(layout[1]) + 1) / math.log(2) if is_order else bits_of(layout)


def _sorted(
    members: Sequence[tuple[str, str, str]], counts: Callable[[str], bool], tensors: Tensors
) -> tuple[list[tuple[str, str, str]], Callable[[str], bool]]:
    """Return draws with digests of their sorted numbers, and which of these count: what is short and all there."""
    if not 1 < len(members) <= MOST_SORTED:
        return [], counts
    ordered: dict[str, str] = {}
    for digest in {digest for _, *both in members for digest in both}:
        array = tensors.array(digest)[0] if tensors.is_whole(digest) else np.empty(0)
        if array.size <= MOST_SORTED_ELEMENTS and is_spread(array):
            ordered[digest] = hashlib.sha256(np.sort(array, axis=None).tobytes()).hexdigest()
    whole = {one: digest for digest, one in ordered.items()}
    found = [(n, ordered[a], ordered[b]) for n, a, b in members if a in ordered and b in ordered]
    return found, lambda one: counts(whole[one])


def _parted(members: Sequence[tuple[str, str, str]], counts: Callable[[str], bool]) -> Iterator[tuple[str, Pair]]:
    """Yield the draws of one kind that are equal to an earlier one on one side only: names, and digests of both."""
    firsts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    differing = {name: a != b for name, a, b in members}
    for name, *both in members:
        in_a, in_b = (
            first if (first := known.setdefault(digest, name)) != name and counts(digest) else ""
            for known, digest in zip(firsts, both, strict=True)
        )
        if in_a != in_b:
            first = in_b or in_a
            changed, other = (name, first) if differing[name] else (first, name)
            yield changed, Pair(other, bool(in_b))


def drawn_bits(array: Array) -> float:
    """Return how many bits were drawn of an array, as far as its values tell: none where all are one value.

    Floating-point numbers that hardly repeat have 20 bits each; of others it counts how often each comes up.
    """
    flat = np.asarray(array).ravel()
    if flat.size and flat.dtype.kind == "O":
        flat = flat.astype(str)
    _, counts = np.unique(flat, return_counts=True)
    if counts.size < 2:
        return 0.0
    if is_spread(flat):
        return FLOAT_BITS * counts.size
    shares = counts / flat.size
    return float(-(shares * np.log2(shares)).sum() * flat.size)


def is_spread(array: Array) -> bool:
    """Return whether an array has floating-point numbers that hardly repeat: not those of a mask, or counts."""
    distinct = np.unique(array).size if array.dtype.kind not in "biuOSU" else 0
    return distinct >= 4 and distinct > 0.9 * array.size


def order_bits(order: Array) -> float:
    """Return log2 of the number of orders that rows may have, counting equal ones once."""
    _, counts = np.unique(order, return_counts=True)
    ways = math.lgamma(order.size + 1) - sum(map(math.lgamma, (counts + 1).tolist()))
    return ways / math.log(2)


def bits_of(layout: Layout) -> float:
    """Return how many bits were drawn of a tensor without bytes."""
    dtype, shape = layout
    return (FLOAT_BITS if "float" in dtype else OTHER_BITS) * math.prod(shape)


def constant_along(arrays: Iterable[Array]) -> tuple[int, ...]:
    """Return the axes along which each of some arrays of one shape repeats itself."""
    found: set[int] | None = None
    for array in arrays:
        axes = {n for n, size in enumerate(array.shape) if size > 1 and (array == array.take([0], n)).all()}
        found = axes if found is None else found & axes
    return tuple(sorted(found or ()))


def along_one_side(a: list[Array], b: list[Array]) -> str:
    """Return along which axis the draws of one side only repeat themselves; empty where there is none."""
    axes = constant_along(a), constant_along(b)
    for axis in sorted({*axes[0]} ^ {*axes[1]}):
        here = axis in axes[1]
        others = a if here else b  # of which the repeated elements are drawn
        drawn = sum(drawn_bits(one) * (1 - 1 / one.shape[axis]) for one in others)
        if drawn >= LEAST_BITS:
            told = ("here", "in the baseline")
            return f"the same all along axis {axis} {told[not here]}, and drawn {told[here]}"
    return ""


def reduced(arrays: list[Array]) -> list[Array]:
    """Return some arrays without what repeats along an axis in all of them, so that elements are drawn each."""
    for axis in constant_along(arrays):
        arrays = [array.take([0], axis) for array in arrays]
    return arrays
