"""The recorder: where a trial's stages are written down, in the order in which they happened."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional, Set

from .fingerprint import Tensor, canonical, digest

NATIVE = "native"
"""The tier in which each stage is fed by the one before it: what a user gets."""
START = "start"
"""The native one once more, from the baseline's initial weights, order of rows and draws."""
INJECTED = "injected"
"""The tier in which each stage is fed canonical inputs, the same bits everywhere."""
SEEDS = "seeds"
"""Initial weights under other seeds, stacked along a first axis: what a redraw is tested against."""


class Recorder:
    """The ordered fingerprints of one trial, and each distinct tensor's bytes once."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, str, str]] = []
        self._names: set[tuple[str, str]] = set()
        self._tensors: dict[str, Tensor] = {}
        self.notes: dict[str, None] = {}
        """What could not be seen, a sentence each."""

    @property
    def tiers(self) -> Set[str]:
        """The tiers that have a stage."""
        return {tier for tier, _ in self._names}

    @property
    def length(self) -> int:
        """The number of stages that are recorded."""
        return len(self._entries)

    def record(self, tier: str, stage: str, value: Any, at: Optional[int] = None) -> None:
        """Fingerprint one array under a stage name, at a place in the trace or at its end.

        Raises TypeError where the value is no tensor and ValueError where the name was used before.
        """
        if value is None:
            raise TypeError("{}: there is no tensor, but None".format(stage))
        if (tier, stage) in self._names:
            raise ValueError("{}: recorded twice in the {} tier".format(stage, tier))
        try:
            tensor = canonical(value)
        except TypeError as error:
            raise TypeError("{}: {}".format(stage, error)) from error
        name = digest(tensor)
        self._names.add((tier, stage))
        self._tensors.setdefault(name, tensor)
        self._entries.insert(len(self._entries) if at is None else at, (tier, stage, name))

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
        shape and length.
        """
        tensors = list(self._tensors.items())
        manifest = json.dumps(
            {
                "trace": self._entries,
                "tensors": [[name, t.dtype, t.shape, len(t.data)] for name, t in tensors],
            }
        ).encode("ascii")
        parts = [len(manifest).to_bytes(8, "little"), manifest]
        parts.extend(t.data for _, t in tensors)
        return b"".join(parts)
