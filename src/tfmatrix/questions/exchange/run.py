"""Running an exchange: first everything is written, then everything is read; what is known already is not repeated."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tfmatrix.questions.exchange.plan import ExchangePlan, Written, digest_of
from tfmatrix.records import OBSERVED, Environment, ExpectedTrial
from tfmatrix.runner.events import Event, Finished
from tfmatrix.runner.storing import observe_into
from tfmatrix.store.store import Store

_KEY = re.compile("[0-9a-f]{64}")

ARTEFACT = "artefact"
"""Kind of the facts that say, by a writer's key, what digest the folder has that it wrote."""


def missing_writers(plan: ExchangePlan, store: Store) -> list[Written]:
    """Return what is to be written still: what no trial tried, and what no longer lies there as it was written."""
    settled, observed = store.settled(), store.observed()
    return [
        written
        for written in plan.written
        if (key := written.writer.key) not in settled or (key in observed and not _lies_there(written, store))
    ]


def missing_readers(plan: ExchangePlan, store: Store) -> list[ExpectedTrial]:
    """Return the trials that read what lies there and that the store does not have."""
    settled = store.settled()
    return [reader for _, _, reader in readers(plan, store) if reader and reader.key not in settled]


def readers(plan: ExchangePlan, store: Store) -> Iterator[tuple[Written, Environment, ExpectedTrial | None]]:
    """Yield every pair: what is written, who reads it, and by which trial; None where there is nothing to read."""
    for written in plan.written:
        trial = store.trial(written.writer.key)
        digest = noted_digest(written, store) if trial and trial.outcome == OBSERVED else ""
        for environment in plan.readers(written.writer.cell.environment):
            yield written, environment, plan.reader(written, environment, digest) if digest else None


def write_missing(plan: ExchangePlan, store: Store, watch: Callable[[Event], None]) -> None:
    """Have everything written that is missing, and note what digest each folder has."""
    missing = {written.writer.key: written for written in missing_writers(plan, store)}
    store.forget(missing)
    for key, written in missing.items():
        shutil.rmtree(written.folder, ignore_errors=True)
        store.strike(ARTEFACT, key)
    plan.folder.mkdir(parents=True, exist_ok=True)

    def note(event: Event) -> None:
        if isinstance(event, Finished) and event.trial.outcome == OBSERVED:
            key = event.expected.key
            store.note(ARTEFACT, key, digest_of(missing[key].folder))
        watch(event)

    observe_into(store, plan.base, [written.writer for written in missing.values()], note)


def read_missing(plan: ExchangePlan, store: Store, watch: Callable[[Event], None]) -> None:
    """Have everything read that is missing."""
    observe_into(store, plan.base, missing_readers(plan, store), watch)


def remove_forgotten(folder: Path, store: Store) -> int:
    """Remove the artefacts whose writers the store no longer has, and return how many these were."""
    # What is not named after a key is not ours: the store may lie anywhere, beside a user's own folder "exchange" too.
    ours = [path for path in folder.glob("*") if path.is_dir() and _KEY.fullmatch(path.name)]
    forgotten = [path for path in ours if not store.has_trial(path.name)]
    for path in forgotten:
        shutil.rmtree(path, ignore_errors=True)
        store.strike(ARTEFACT, path.name)
    return len(forgotten)


def noted_digest(written: Written, store: Store) -> str:
    """Return the digest that a folder had when it was written; nothing where that is not known."""
    return str(store.noted(ARTEFACT, written.writer.key) or "")


def _lies_there(written: Written, store: Store) -> bool:
    digest = noted_digest(written, store)
    return bool(digest) and digest_of(written.folder) == digest
