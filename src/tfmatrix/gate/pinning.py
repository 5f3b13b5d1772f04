"""Pinning: every byte that a pin changes, planned on evidence that is whole, current and passes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import UserError
from tfmatrix.gate import receipt as receipts
from tfmatrix.gate.pinned import outlook, reasons
from tfmatrix.gate.receipt import Receipt
from tfmatrix.pins import Changes, Edit, apply, plan_changes
from tfmatrix.pins.commands import FED_BY
from tfmatrix.pins.files import KINDS, look_around, read_project
from tfmatrix.records import Environment


@dataclass(frozen=True)
class Pinning:
    """What a pin writes: the project's own files, and the receipt."""

    changes: Changes
    receipt: Edit
    """Its old bytes are empty where there was none."""
    warned: tuple[str, ...] = ()
    """What a reader is to know."""

    @property
    def shown(self) -> Changes:
        """Return all of it as changes that can be shown."""
        return replace(self.changes, edits=(*self.changes.edits, self.receipt))


def plan_pin(config: Config, receipt: Receipt, candidate: Environment, *, anew: bool) -> Pinning:
    """Return what pinning a candidate changes; raises ``UserError`` where any of it cannot be.

    ``anew`` is for what is pinned already, whose receipt alone is replaced.
    """
    if held := [one for one in candidate.further if catalogue.is_held(one)]:
        raise UserError(
            f"{candidate.name} holds {held[0].name}, and such an environment is never pinned; write "
            f"{held[0].name}=={held[0].version} into the project's requirements, and run and check it without."
        )
    path = locks.find_lock(candidate, [config.root / "locks"])
    locks.read_lock_of(candidate, path)
    changes = plan_changes(config.root, receipt.versions, locks.read_hashes(path))
    if not (anew or changes.edits or changes.commands):
        raise UserError(f"the project pins {candidate.name} already, so nothing would change.")
    warned = _require_installed(config, candidate, changes)
    target = config.root / receipts.FILE
    before = target.read_bytes() if target.exists() else b""
    return Pinning(changes, Edit(target, before, receipts.dumps(receipt).encode("utf-8")), warned)


def _require_installed(config: Config, candidate: Environment, changes: Changes) -> tuple[str, ...]:
    """Return what a reader is to know of what the changed files would have installed.

    Raises ``UserError`` where that is not what was compared. Locks are written by their tools afterwards, so what they
    and what they are made from would have installed is not known yet.
    """
    written = {command.path for command in changes.commands} - {edit.path for edit in changes.edits}
    later = {path.relative_to(config.root.absolute()) for path in written}
    later |= {path.with_name(FED_BY[owner]) for path in later for owner in _owners(path)}
    sources = read_project(config.root, config.ignored_pins)
    outside = look_around(config.root, sources, config.ignored_pins)  # nothing of it is edited
    root = config.root.resolve()
    common = Path(os.path.commonpath([root, *(source.path.resolve() for source in sources)]))
    with tempfile.TemporaryDirectory(prefix="tfmatrix-pinned-") as folder:
        _lay(common, Path(folder), {edit.path.resolve(): edit.after for edit in changes.edits}, root)
        found = replace(outlook(config, Path(folder) / root.relative_to(common), later), looked=outside)
        told = list(reasons(config, found, candidate))
    if refused := [reason.text for reason in told if not reason.level.passes]:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise UserError(f"{candidate.name} is not what would be installed: {refused[0]}{more}.")
    return tuple(reason.text for reason in told)


def _owners(path: Path) -> list[str]:
    """Return the tool that writes a lock, if its lock is made from another file."""
    return [kind.owner for pattern, kind in KINDS if path.match(pattern) and kind.owner in FED_BY]


def _lay(real: Path, folder: Path, after: Mapping[Path, bytes], root: Path) -> None:
    """Have a project, and what it names outside, lie in another folder by links, with what is edited as it will be."""
    for path in real.iterdir():
        if any(each.is_relative_to(path.resolve()) for each in (root, *after)) and path.is_dir():
            (folder / path.name).mkdir()
            _lay(path, folder / path.name, after, root)
        elif (content := after.get(path.resolve())) is not None:
            (folder / path.name).write_bytes(content)
        else:
            (folder / path.name).symlink_to(path.absolute())


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
