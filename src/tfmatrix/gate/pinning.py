"""Pinning: every byte that a pin changes, planned on evidence that is whole, current and passes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import UserError
from tfmatrix.gate import receipt as receipts
from tfmatrix.gate.receipt import Receipt
from tfmatrix.pins import Changes, Edit, apply, plan_changes
from tfmatrix.records import Environment


@dataclass(frozen=True)
class Pinning:
    """What a pin writes: the project's own files, and the receipt."""

    changes: Changes
    receipt: Edit
    """Its old bytes are empty where there was none."""

    @property
    def shown(self) -> Changes:
        """Return all of it as changes that can be shown."""
        return replace(self.changes, edits=(*self.changes.edits, self.receipt))


def plan_pin(config: Config, receipt: Receipt, candidate: Environment, *, anew: bool) -> Pinning:
    """Return what pinning a candidate changes; raises ``UserError`` where any of it cannot be.

    ``anew`` is for what is pinned already, whose receipt alone is replaced.
    """
    path = locks.find_lock(candidate, [config.root / "locks"])
    locks.read_lock_of(candidate, path)
    changes = plan_changes(config.root, receipt.versions, locks.read_hashes(path))
    if not (anew or changes.edits or changes.commands):
        raise UserError(f"the project pins {candidate.name} already, so nothing would change.")
    target = config.root / receipts.FILE
    before = target.read_bytes() if target.exists() else b""
    return Pinning(changes, Edit(target, before, receipts.dumps(receipt).encode("utf-8")))


def versions_of(config: Config, candidate: Environment) -> Mapping[str, str]:
    """Return the versions that pinning a candidate pins: TensorFlow's, and those of what moves with it, by its lock."""
    lock = locks.read_lock_of(candidate, locks.find_lock(candidate, [config.root / "locks"]))
    locked = {package.name: package.version for package in lock.packages}
    further = {name: locked[name] for name in catalogue.FURTHER_PACKAGES if name in locked}
    return {"tensorflow": candidate.tensorflow, **further}


def write(pinning: Pinning) -> None:
    """Write a pin whole, or nothing of it."""
    path = pinning.receipt.path
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(pinning.receipt.after)
        apply(pinning.changes)
        _move(partial, path, pinning.changes)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; nothing was changed.") from None
    finally:
        with suppress(OSError):
            partial.unlink()


def _move(partial: Path, path: Path, changes: Changes) -> None:
    """Put the receipt in its place; what was changed for it is changed back where that cannot be."""
    try:
        partial.replace(path)
    except OSError:
        apply(replace(changes, edits=tuple(Edit(edit.path, edit.after, edit.before) for edit in changes.edits)))
        raise
