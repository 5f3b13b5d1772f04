"""What of a matrix is still of use: trials of model files as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfmatrix.config import Config
from tfmatrix.keys import EFFECTS, PLAIN, REREAD, REWRITE, SEEDS, START, TRAIN
from tfmatrix.questions.chosen import current_model
from tfmatrix.store.store import Store

WORKS = frozenset({TRAIN, PLAIN, START, SEEDS, EFFECTS, REWRITE, REREAD})
"""What the trials of a matrix do."""


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report."""
    del store
    current = current_model(config)
    return lambda covers: covers.get("work") in WORKS and current(covers)
