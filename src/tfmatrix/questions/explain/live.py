"""What of explanations is still of use: what a matrix's trials are, in other environments and launches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfmatrix.config import Config
from tfmatrix.keys import OPS, REPLAY, TRAIN
from tfmatrix.questions.chosen import current_model
from tfmatrix.store.store import Store

WORKS = frozenset({TRAIN, OPS, REPLAY})
"""What the trials of an explanation do."""


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report."""
    del store
    current = current_model(config)
    return lambda covers: covers.get("work") in WORKS and current(covers)
