"""What a project would have installed today, as an environment that can be compared, and what speaks against it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.gate.installing import Installation, applies, installations
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Reason
from tfmatrix.pins.document import Mention, Unread
from tfmatrix.pins.files import CONDA, PYTHON_FILE, Looked, Source, is_ignored, look_around, read_project
from tfmatrix.pins.finding import no_pin
from tfmatrix.pins.packages import FURTHER, TENSORFLOW, family
from tfmatrix.pins.sets import Set, allows, closure, sets_of
from tfmatrix.questions.chosen import environment_of
from tfmatrix.records import Environment

IGNORE = "if nothing is installed from it, list it under ignored-pins in [tool.tfmatrix]"


@dataclass(frozen=True)
class Outlook:
    """What a project's files would have installed today."""

    root: Path
    sources: tuple[Source, ...]
    looked: tuple[Looked, ...]
    sets: tuple[Set, ...]
    installed: tuple[Installation, ...]
    """One for each set."""

    @property
    def with_tensorflow(self) -> tuple[Installation, ...]:
        """Return what installs TensorFlow."""
        return tuple(one for one in self.installed if one.tensorflow)

    @property
    def unread(self) -> Iterator[Unread]:
        """Yield each place that mentions TensorFlow, or a companion's version, and is not read."""
        for source in self.sources:
            yield from source.document.unread
        for looked in self.looked:
            yield from looked.said


def outlook(config: Config, folder: Path | None = None, leaving_out: Collection[Path] = ()) -> Outlook:
    """Return what a project's files would have installed, resolved with the configuration's Python.

    ``folder`` is where its files are, where that is not the configuration's; ``leaving_out`` are paths in it whose sets
    are not asked for. Raises ``UserError`` for a file that cannot be read.
    """
    root = folder or config.root
    sources = read_project(root, config.ignored_pins)
    sets = tuple(one for one in sets_of(sources) if one.source.shown not in leaving_out)
    looked = look_around(root, sources, config.ignored_pins)
    return Outlook(root, sources, looked, sets, installations(sets, root, config.python))


def pinned_environment(config: Config, folder: Path | None = None) -> Environment:
    """Return the environment that a project would have installed today: its TensorFlow, and what moves with it.

    Raises ``UserError`` where there is none, where files disagree, and where what one installs cannot be told.
    """
    found = outlook(config, folder)
    environment = environment_in(config, found)
    if words := next(_other_words(config, found, _versions(config, environment)), None):
        raise UserError(f"{words}; or name the --baseline.")
    return environment


def environment_in(config: Config, found: Outlook) -> Environment:
    """Return the environment that an outlook's sets install.

    Raises ``UserError`` where there is none, where they disagree, and where what one installs cannot be told.
    """
    if refused := [one.refusal for one in found.installed if one.refusal]:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise UserError(f"{refused[0]}{more}; mend that, or {IGNORE}.")
    if not found.with_tensorflow:
        elsewhere = "".join(f" {one.sentence}." for one in found.unread if not one.name)
        raise UserError(no_pin(found.root, found.sources) + elsewhere)
    _require_one(found.with_tensorflow, "TensorFlow", [one.tensorflow for one in found.with_tensorflow])
    chosen: dict[str, str] = {}
    for name in catalogue.FURTHER_PACKAGES:
        if having := [one for one in found.with_tensorflow if one.packages.get(name)]:
            _require_one(having, name, [one.packages[name] for one in having])
            chosen[name] = having[0].packages[name]
    return _environment(config, found.with_tensorflow[0].tensorflow, chosen)


def reasons(config: Config, found: Outlook, compared: Environment) -> Iterator[Reason]:
    """Yield why what would be installed is not what was compared, or cannot be told from it."""
    have, is_locked = _versions(config, compared), bool(locked_versions(config, compared))
    for text in itertools.chain(
        _refused(found), _other_versions(found, have, is_locked=is_locked), _other_words(config, found, have)
    ):
        yield Reason(Level.INCOMPLETE, text)
    for text in itertools.chain(_pythons(config, found, compared.python), _remote(found), _not_read(found, have)):
        yield Reason(Level.INCOMPLETE, text)
    for text in _loose(config, found):
        yield Reason(Level.WARN, text)


def not_compared(found: Outlook) -> list[str]:
    """Return what is told of each place that mentions TensorFlow and is not read."""
    return [f"{one.sentence}; {IGNORE}" for one in found.unread if not one.name]


def _versions(config: Config, environment: Environment) -> Mapping[str, str]:
    """Return the versions that an environment has: those of its lock, and those that it is named after."""
    chosen = {package.name: package.version for package in environment.further}
    return {**locked_versions(config, environment), TENSORFLOW: environment.tensorflow, **chosen}


def locked_versions(config: Config, environment: Environment) -> Mapping[str, str]:
    """Return the versions of an environment's lock by package; none where it has no lock that can be read."""
    try:
        lock = locks.read_lock(locks.find_lock(environment, [config.root / "locks"]))
    except Unavailable:
        return {}
    return {package.name: package.version for package in lock.packages}


def same(version: str, other: str | None) -> bool:
    """Return whether two spellings are one version."""
    return other is not None and canonicalize_version(version) == canonicalize_version(other)


def _require_one(having: Sequence[Installation], name: str, versions: Sequence[str]) -> None:
    """Raise ``UserError`` where sets install several versions of one package."""
    if any(not same(version, versions[0]) for version in versions):
        told = "; ".join(f"{version} by {one.name}" for one, version in zip(having, versions, strict=True))
        raise UserError(f"the project pins more than one {name}: {told}; make them one, or name the --baseline.")


def _environment(config: Config, tensorflow: str, chosen: Mapping[str, str]) -> Environment:
    """Return the environment whose lock has these versions, named as shortly as can be.

    Where no lock has them it is named after what the plain lock has otherwise, and where there is none, plainly.
    """
    for count in range(len(chosen) + 1):
        for names in itertools.combinations(chosen, count):
            environment = _named(config, tensorflow, {name: chosen[name] for name in names})
            locked = locked_versions(config, environment)
            if locked and all(same(version, locked.get(name)) for name, version in chosen.items()):
                return environment
    locked = locked_versions(config, _named(config, tensorflow, {}))
    other = {name: version for name, version in chosen.items() if not same(version, locked.get(name))}
    return _named(config, tensorflow, other if locked else {})


def _named(config: Config, tensorflow: str, further: Mapping[str, str]) -> Environment:
    return environment_of(config, "+".join([tensorflow, *(f"{name}-{version}" for name, version in further.items())]))


def _refused(found: Outlook) -> Iterator[str]:
    for one in found.installed:
        if one.refusal:
            yield f"{one.refusal}; mend that, or {IGNORE}"


def _other_versions(found: Outlook, have: Mapping[str, str], *, is_locked: bool) -> Iterator[str]:
    """Yield what would be installed in another version than was compared; without a lock nothing was."""
    for one in found.with_tensorflow:
        for name, version in one.packages.items():
            compared = have.get(family(name))
            if compared is None and (name in FURTHER or not is_locked):
                continue
            if not same(version, compared):
                told = f"{compared} was compared; write {name}=={compared} there, or lock it"
                yield f"{one.name} would install {name} {version}, and {told if compared else 'none was compared'}"


def misfits(config: Config, found: Outlook, have: Mapping[str, str]) -> Iterator[tuple[Source, Mention]]:
    """Yield what files say that does not fit some versions: what is installed from, or beside, is not as they say."""
    for source in found.sources:
        for mention in source.document.mentions:
            version = have.get(family(mention.name))
            if source.kind.owner or version is None or not _counts(mention, config) or mention.reading.obstacle:
                continue
            reading = mention.reading
            if not (same(reading.version, version) if reading.version else reading.admits(version)):
                yield source, mention


def unread_misfits(found: Outlook, have: Mapping[str, str]) -> Iterator[Unread]:
    """Yield what is said of companions where nothing is read, and does not fit some versions."""
    for one in found.unread:
        if one.name and one.name in have and not one.admits(have[one.name]):
            yield one


def _other_words(config: Config, found: Outlook, have: Mapping[str, str]) -> Iterator[str]:
    for source, mention in misfits(config, found, have):
        name = family(mention.name)
        told = f"{source.shown}, {mention.where}, says {mention.written!r}, but {name} {have[name]} counts"
        yield f"{told}; lock anew, name the file with -r or -c if it should count, or {IGNORE}"


def _pythons(config: Config, found: Outlook, python: str) -> Iterator[str]:
    """Yield which files are for other Pythons than the evidence is of, and whether the project is."""
    if python != config.python:
        yield f"Python {python} was compared, but `python` in [tool.tfmatrix] is {config.python} for the project"
    for source in found.sources:
        for written, where in source.document.pythons:
            if not allows(written, python):
                told = f"{source.shown}, {where}, is for Python {written}"
                yield f"{told}, but {python} was compared; set `python` in [tool.tfmatrix]"
    path = found.root / PYTHON_FILE
    if path.is_file() and not is_ignored(Path(PYTHON_FILE), config.ignored_pins):
        said = re.search(r"\b3\.\d+", path.read_text(encoding="utf-8", errors="replace"))
        if said and said[0] != python:
            told = f"{PYTHON_FILE} says {said[0]}, but {python} was compared"
            yield f"{told}; set `python` in [tool.tfmatrix]"


def _remote(found: Outlook) -> Iterator[str]:
    for source in found.sources:
        for address, where in source.document.remote:
            yield f"{source.shown}, {where}, names {address}, whose content may change any day; put it into a file"


def _not_read(found: Outlook, have: Mapping[str, str]) -> Iterator[str]:
    """Yield what is said where nothing is read: of TensorFlow all, of a companion what does not fit."""
    yield from not_compared(found)
    for one in unread_misfits(found, have):
        yield f"{one.sentence}, and {one.name} {have[one.name]} was compared; {IGNORE}"


def _loose(config: Config, found: Outlook) -> Iterator[str]:
    """Yield which TensorFlow a range resolves to today, and may not tomorrow, and which is conda's own."""
    for one, installed in zip(found.sets, found.installed, strict=True):
        if one.locked and one.source.kind is CONDA and installed.tensorflow:
            yield f"{one.name} installs TensorFlow by conda, whose builds are not the wheels that were compared"
        if one.locked or one.source.kind.owner or not installed.tensorflow:
            continue
        said = [
            (source, mention)
            for source in closure(one.source, found.sources)
            for mention in source.document.mentions
            if family(mention.name) == TENSORFLOW and _counts(mention, config)
        ]
        if any(mention.reading.version for _, mention in said):
            continue
        told = f"{one.name} installs TensorFlow {installed.tensorflow} today"
        if said:
            source, mention = said[0]
            told = f"{source.shown}, {mention.where}, says {mention.written!r}, which is {installed.tensorflow} today"
        yield f"{told}; lock it, or write one version"


def _counts(mention: Mention, config: Config) -> bool:
    return applies(mention.reading.marker, config.python)
