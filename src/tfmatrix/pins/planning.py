"""Planning a pin: the bytes that every file is to have, or the reason why it cannot be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.pins.commands import Command, commands, same
from tfmatrix.pins.document import Mention
from tfmatrix.pins.files import Source, read_project
from tfmatrix.pins.finding import Pin, listed, no_pin, pins_of
from tfmatrix.pins.packages import TENSORFLOW, by_family, family, last_minor
from tfmatrix.pins.splicing import with_version


@dataclass(frozen=True)
class Edit:
    """What one file holds, and what it is to hold."""

    path: Path
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Changes:
    """Everything that pinning other versions changes in a project."""

    edits: tuple[Edit, ...]
    commands: tuple[Command, ...]
    """For the files that a tool writes, to be run when the edits are made."""
    root: Path = Path()
    """The project's folder."""


def plan_changes(root: Path, versions: Mapping[str, str], hashes: Mapping[str, Sequence[str]]) -> Changes:
    """Return what it takes to pin other versions, and write nothing.

    ``versions`` are exact versions by package; one of TensorFlow's distributions stands for all of them. The
    other packages are changed where they are pinned and nowhere else. ``hashes`` are ``sha256:...`` of every
    file of those releases, by package, written where there were hashes.

    Raises ``UserError`` where TensorFlow is not pinned, where a pin cannot be changed, and where a range in any
    of the files does not admit the new version: what is written must be what can be installed.
    """
    wanted = by_family(versions)
    sources = read_project(root)
    pins = [pin for source in sources for pin in pins_of(source)]
    if not any(family(pin.name) == TENSORFLOW for pin in pins):
        raise UserError(no_pin(root, sources))
    _refuse_several(pins, wanted, root)
    edits = tuple(
        Edit(source.path, source.content, source.encoding.encode(after))
        for source in sources
        if not source.kind.owner and (after := _edited(source, wanted, hashes)) != source.text
    )
    return Changes(edits, commands(sources, wanted, {edit.path for edit in edits}), root)


def _refuse_several(pins: Sequence[Pin], wanted: Mapping[str, str], root: Path) -> None:
    """Raise ``UserError`` where files that people edit pin one package to several versions, by marker or by file."""
    for name, version in wanted.items():
        others = [pin for pin in pins if family(pin.name) == name and not pin.owner and not same(pin.version, version)]
        if any(not same(pin.version, others[0].version) for pin in others):
            raise UserError(
                f"the project pins {name} to several versions: {listed(others, root)}; tfmatrix does not know "
                "which of them is meant, so make them one."
            )


def _edited(source: Source, wanted: Mapping[str, str], hashes: Mapping[str, Sequence[str]]) -> str:
    """Return the text of a file with every pin changed."""
    now = source
    for at, mention in enumerate(source.document.mentions):
        version = wanted.get(family(mention.name))
        if version is not None and _moves(source.shown, mention, version):
            # By number, since every change moves what stands behind it.
            now = with_version(now, at, version, _hashes_for(source.shown, mention, hashes))
    return now.text


def _moves(path: Path, mention: Mention, version: str) -> bool:
    """Return whether a mention has to be changed; raises ``UserError`` where it has to and cannot be."""
    reading = mention.reading
    if reading.version and same(reading.version, version):
        return False
    place = f"{path}, {mention.where}: {mention.written!r}"
    if reading.obstacle:
        raise UserError(
            f"{place} {reading.obstacle}, so it cannot be set to {mention.name} {version}; change it by hand."
        )
    if not reading.admits(version):
        raise UserError(f"{place} does not admit {mention.name} {version}; change it by hand first.")
    if reading.version and (last := last_minor(mention.name, version)):
        raise UserError(
            f"{place} cannot be moved to {version}: {mention.name} has no release after {last}; "
            "name tensorflow or tensorflow-cpu instead."
        )
    return bool(reading.version)


def _hashes_for(path: Path, mention: Mention, hashes: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the hashes to write; raises ``UserError`` where the line has some and none are known."""
    known = hashes.get(mention.name, ())
    if mention.hashes and not known:
        raise UserError(
            f"{path}, {mention.where}: {mention.written!r} has hashes, and the environment's lock has none of "
            f"{mention.name}; set `distribution` in [tool.tfmatrix] to match, or change the line by hand."
        )
    return known
