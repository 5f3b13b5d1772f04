"""What of static answers is still of use: the recordings of models that are as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfmatrix.config import Config
from tfmatrix.keys import OPS
from tfmatrix.questions.chosen import current_model
from tfmatrix.store.store import Store


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report."""
    del store
    current = current_model(config)
    return lambda covers: covers.get("work") == OPS and current(covers)
