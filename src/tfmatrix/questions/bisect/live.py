"""What of bisects is still of use: trials of model files as they are now, in whichever build."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfmatrix.config import Config
from tfmatrix.keys import CHECK, TRAIN
from tfmatrix.questions.chosen import current_model
from tfmatrix.store.store import Store


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report.

    No project says which checks may be asked for again, so each can. What builds are told apart by, where verdicts do
    it, is of a matrix, which says so itself.
    """
    del store
    current = current_model(config)
    return lambda covers: covers.get("work") == CHECK or (covers.get("work") == TRAIN and current(covers))
