"""What is there to run a project with: interpreters, uv, disk, memory, processor, releases; and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import psutil
from packaging.version import Version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, interpreters, locks, room, uv
from tfmatrix.environments.devices import lacking
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.questions.chosen import environment_of, version_names
from tfmatrix.records import Machine
from tfmatrix.runner import making

SCHEMA = 1
"""Of what `to_json` gives."""

LEAST_MEMORY_GIB = 2.0
"""What one process with TensorFlow takes, with room for a small model."""

INSTRUCTION_SETS = ("avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "neon", "sve")
"""What TensorFlow's kernels choose by, as Linux calls it."""


@dataclass(frozen=True)
class Standing:
    """One environment as it stands."""

    name: str
    python: str
    is_made: bool
    reason: str = ""
    """Why it can't be had; empty where it can."""


@dataclass(frozen=True)
class Checkup:
    """What was seen."""

    root: str
    is_project: bool
    """Whether a `[tool.tfmatrix]` says what is wanted; else it is the default versions."""
    pythons: Mapping[str, str]
    """Each Python with where it is; empty where none was found."""
    uv: str
    """Its version; empty where it is missing."""
    free_gb: float
    needed_gb: float
    """What the environments take that are still to be made."""
    memory_gib: float
    machine: Machine
    instruction_sets: tuple[str, ...]
    releases: tuple[Standing, ...]
    """Every release of the catalogue: on the project's Python, or on another one that is there."""
    wanted: tuple[Standing, ...]
    """The project's environments."""
    missing: tuple[str, ...]
    """What keeps the project from running, a sentence each."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it, with its schema."""
        return {"schema": SCHEMA, **asdict(self)}


def check_up(config: Config, *, is_project: bool) -> Checkup:
    """Return what there is to run a configuration's versions with; nothing is made or asked of a network."""
    named = (*interpreters.PYTHONS, config.python, *(python for _, python in config.python_for))
    pythons = {python: _found(python) for python in dict.fromkeys(named)}
    names = dict.fromkeys((*version_names(config), config.baseline))
    wanted = tuple(_standing(name, config, pythons) for name in names)
    version = _uv_version()
    needed = room.needed_gb(sum(not one.is_made for one in wanted))
    found = Checkup(
        root=str(config.root),
        is_project=is_project,
        pythons=pythons,
        uv=version,
        free_gb=room.free_gb(config.root),
        needed_gb=needed,
        memory_gib=round(psutil.virtual_memory().available / 2**30, 1),
        machine=config.machine,
        instruction_sets=tuple(name for name in INSTRUCTION_SETS if name in config.machine.flags),
        releases=tuple(_release(name, config, pythons) for name in catalogue.RELEASES),
        wanted=wanted,
        missing=(),
    )
    return _with_missing(found, _of_launches(config, names))


def _found(python: str) -> str:
    try:
        return str(interpreters.find_interpreter(python))
    except UserError:
        return ""


def _uv_version() -> str:
    try:
        return uv.run(["--version"], failing="uv does not run").split()[1]
    except (Unavailable, OSError, IndexError):
        return ""


def _release(name: str, config: Config, pythons: Mapping[str, str]) -> Standing:
    """Return on which Python a release of the catalogue can run: the project's, else the newest that is there."""
    known = catalogue.release(name)
    there = [python for python, path in pythons.items() if path and known.runs_on(python)]
    own = config.python_of(name)
    if there:
        return Standing(name, own if own in there else max(there, key=Version), is_made=False)
    return Standing(name, "", is_made=False, reason=_no_python(known.newest_python))


def _standing(name: str, config: Config, pythons: Mapping[str, str]) -> Standing:
    """Return how one environment of the project stands."""
    try:
        wanted = environment_of(config, name)
        if making.find(wanted, config):
            return Standing(wanted.name, wanted.python, is_made=True)
        catalogue.require_python(wanted)
        if not pythons[wanted.python]:
            return Standing(wanted.name, wanted.python, is_made=False, reason=_no_python(wanted.python))
        folders = [config.root / "locks"]
        if locks.has_lock(wanted, folders):  # where there is none it is made when it is first needed
            locks.read_lock_of(wanted, locks.find_lock(wanted, folders))
    except UserError as error:
        return Standing(name, config.python, is_made=False, reason=str(error))
    return Standing(wanted.name, wanted.python, is_made=False)


def _no_python(python: str) -> str:
    return f"there is no Python {python}; `uv python install {python}` installs it."


def _with_missing(found: Checkup, more: Iterable[str]) -> Checkup:
    """Return it with what keeps the project from running."""
    return Checkup(**{**vars(found), "missing": (*_of_machine(found), *_of_environments(found.wanted), *more)})


def _of_machine(found: Checkup) -> Sequence[str]:
    machine, missing = found.machine, []
    if machine.architecture != "x86_64" or not machine.libc.startswith("glibc"):
        here = " with ".join(part for part in (machine.architecture, machine.libc or "another C library") if part)
        missing.append(f"TensorFlow is locked for Linux on x86-64 with glibc, and this is {here}; use such a machine.")
    elif "avx" not in machine.flags:
        missing.append("TensorFlow's packages need AVX, which this processor does not show; use another machine.")
    if not found.uv:
        missing.append("the program of the package uv is missing; reinstall it with pip install uv.")
    if found.free_gb < found.needed_gb:
        missing.append(
            f"{found.free_gb} GB are free in {found.root}, and the environments to be made take about "
            f"{found.needed_gb} GB; make room, or ask for fewer versions."
        )
    if found.memory_gib < LEAST_MEMORY_GIB:
        missing.append(
            f"{found.memory_gib} GiB of memory are free, and TensorFlow takes {LEAST_MEMORY_GIB:g} GiB a process; "
            "end other programs."
        )
    return missing


def _of_launches(config: Config, names: Iterable[str]) -> Sequence[str]:
    """Return what launches ask for and can't have here, each reason once."""
    by_reason: dict[str, dict[str, None]] = {}
    for name, launch in product(names, config.launches):
        with suppress(UserError):  # of a name that is none, which is said by itself
            if reason := lacking(launch, environment_of(config, name), config.machine):
                by_reason.setdefault(reason, {})[launch.name] = None
    return [f"the launch {' and '.join(launches)}: {reason}." for reason, launches in by_reason.items()]


def _of_environments(wanted: Sequence[Standing]) -> Sequence[str]:
    """Return why environments can't be had, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for one in wanted:
        if one.reason:
            by_reason.setdefault(one.reason, []).append(one.name)
    return [reason if names[0] in reason else f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]
