"""The recorder: where a trial's stages are written down, in the order in which they happened."""

from __future__ import annotations

import json
from typing import Any, Collection, Dict, Iterable, List, Mapping, Optional, Set

import numpy as np

from . import keeping
from .fingerprint import canonical, digest

NATIVE = keeping.NATIVE
START = keeping.START
OPS = keeping.OPS
INJECTED = "injected"
"""The tier in which each stage is fed canonical inputs, the same bits everywhere."""
SEEDS = "seeds"
"""What is drawn under other seeds, stacked along a first axis: what a redraw is tested against."""
EFFECTS = "effects"
"""What layers that draw make of one input, call after call."""

WHOLE, ONCE = ("data", "shuffle"), "data"
"""Stages that are kept whole, and those that are the same under every seed."""

NUMBERS_KEPT, LEAST_KEPT = 1 << 17, 1 << 9
"""Elements that are kept of one name under all seeds together, and at least of each."""


class Recorder:
    """The ordered fingerprints of one trial, and what is kept of each distinct tensor."""

    def __init__(self, wanted: Collection[str] = ()) -> None:
        """Record a trial, of which the bytes of some stages are wanted besides: ``native gradient@3``."""
        self._entries: list[tuple[str, str, str]] = []
        self._names: set[tuple[str, str]] = set()
        self._layouts: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._keeping = keeping.Keeping(wanted)
        self.notes: dict[str, None] = {}
        """What could not be seen, a sentence each."""
        self.narrows = False
        """Whether float64 is written down as float32: where the same is computed in the wider type."""

    @property
    def tiers(self) -> Set[str]:
        """The tiers that have a stage."""
        return {tier for tier, _ in self._names}

    @property
    def length(self) -> int:
        """The number of stages that are recorded."""
        return len(self._entries)

    def record(self, tier: str, stage: str, value: Any, at: Optional[int] = None) -> str:
        """Fingerprint one array under a stage name, at a place in the trace or at its end; return its digest.

        Raises TypeError where the value is no tensor and ValueError where the name was used before.
        """
        if value is None:
            raise TypeError("{}: there is no tensor, but None".format(stage))
        if (tier, stage) in self._names:
            raise ValueError("{}: recorded twice in the {} tier".format(stage, tier))
        if self.narrows and np.asarray(value).dtype == np.float64:
            value = np.asarray(value).astype(np.float32)
        try:
            tensor = canonical(value)
        except TypeError as error:
            raise TypeError("{}: {}".format(stage, error)) from error
        name = digest(tensor)
        self._names.add((tier, stage))
        self._layouts[name] = tensor.dtype, tensor.shape
        self._keeping.see(tier, stage, name, tensor)
        self._entries.insert(len(self._entries) if at is None else at, (tier, stage, name))
        return name

    def holds(self, name: str) -> bool:
        """Tell whether all bytes of a digest are kept."""
        return self._keeping.of(name).whole

    def leave_out(self, names: Iterable[str]) -> None:
        """Keep no bytes of some digests, which the host has already, where single ops are recorded."""
        self._keeping.elsewhere.update(names)

    def record_all(self, tier: str, stage: str, values: Mapping[str, Any]) -> None:
        """Record a mapping under one stage, each array as ``stage/name``."""
        for name, value in values.items():
            self.record(tier, "{}/{}".format(stage, name), value)

    def digests(self, tier: str) -> Dict[str, str]:
        """Return the digest of each stage of a tier."""
        return {stage: name for one, stage, name in self._entries if one == tier}

    def payload(self) -> bytes:
        """Return the trace and its tensors as bytes.

        First the manifest's length (8 bytes, little-endian), then the manifest (JSON), then the tensors' bytes, one
        after another. The manifest's ``trace`` lists tier, stage and digest; its ``tensors`` lists digest, dtype,
        shape, length, and whether the bytes are the whole tensor: else they are a sample of it, or none were kept.
        """
        kept = [(name, *layout, *self._keeping.of(name)) for name, layout in self._layouts.items()]
        manifest = json.dumps(
            {
                "trace": self._entries,
                "tensors": [[name, dtype, shape, len(data), whole] for name, dtype, shape, data, whole in kept],
            }
        ).encode("ascii")
        return b"".join([len(manifest).to_bytes(8, "little"), manifest, *(data for _, _, _, data, _ in kept)])


def record_draws(recorder: Recorder, drawn: Iterable[Mapping[str, Any]], seeds: int) -> None:
    """Record what so many seeds draw, by stage: stacked along a first axis, where all that have it have one shape.

    What is of the data is the same under each of them, and recorded once. Of draws of many elements as many are kept as
    make the numbers that a test of all seeds wants; orders are looked at as a whole.
    """
    found: Dict[str, List[Any]] = {}
    for one in drawn:
        for stage, array in one.items():
            whole = stage.startswith(WHOLE)
            kept = np.asarray(array) if whole else keeping.evenly(array, max(LEAST_KEPT, NUMBERS_KEPT // seeds))
            found.setdefault(stage, []).append(kept)
    for stage, arrays in found.items():
        if len({array.shape for array in arrays}) == 1:
            recorder.record(SEEDS, stage, arrays[0] if stage.startswith(ONCE) else np.stack(arrays))
