"""What of an exchange is still of use: trials of files as they are, and the folders that were written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping

from tfmatrix.config import Config
from tfmatrix.keys import READ, WRITE
from tfmatrix.questions.chosen import current_model
from tfmatrix.questions.exchange.plan import ARTEFACT, artefacts_of
from tfmatrix.store.store import Store

_KEY = re.compile("[0-9a-f]{64}")


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report.

    What reads an artefact can be where that is still the one that was written last.
    """
    current = current_model(config)

    def live(covers: Mapping[str, str]) -> bool:
        if covers.get("work") not in {READ, WRITE} or not current(covers):
            return False
        return "writer" not in covers or store.noted(ARTEFACT, covers["writer"]) == covers["artefact"]

    return live


def clear(config: Config, store: Store) -> int:
    """Remove the artefacts whose writers the store no longer has, and return how many these were."""
    # What is not named after a key is not ours: the store may lie anywhere, beside a user's own folder "exchange" too.
    paths = artefacts_of(config).glob("*")
    ours = [path for path in paths if path.is_dir() and _KEY.fullmatch(path.name)]
    forgotten = [path for path in ours if not store.has_trial(path.name)]
    for path in forgotten:
        shutil.rmtree(path, ignore_errors=True)
        store.strike(ARTEFACT, path.name)
    return len(forgotten)
