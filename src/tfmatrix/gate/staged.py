"""What is staged for a commit: the project as the index has it, and what the last commit pins."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tfmatrix import config as configuration
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.gate.installing import Installation
from tfmatrix.gate.pinned import Outlook, misfits, not_compared, outlook, pinned_environment, unread_misfits
from tfmatrix.pins.files import PROJECT, PYTHON_FILE, Source, look_around, read_project
from tfmatrix.pins.packages import TENSORFLOW, family
from tfmatrix.records import Environment

NOTHING: Mapping[str, str] = {}
"""No variables besides this process's own."""


_INSTALL_NOTHING = frozenset(("black", "coverage", "isort", "mypy", "pylint", "pyright", "pytest", "ruff"))
"""Tools, by their tables, with which what is installed has nothing to do."""


@contextmanager
def staged_project(config: Config) -> Iterator[Config]:
    """Have the project as it is staged lie in a folder, with its own configuration and the store of the real one."""
    with tempfile.TemporaryDirectory(prefix="tfmatrix-staged-") as folder:
        _git(config.root, "checkout-index", "--all", f"--prefix={folder}/")
        staged = configuration.load(Path(folder) / _prefix(config.root))
        for path in (path for command in staged.commands for path in command.files):
            _lay(config.root / path, staged.root / path)
        yield replace(staged, store=config.under_root(staged.store))


def _lay(real: Path, staged: Path) -> None:
    """Have what a command declares lie in a staged project too, as far as git does not track it."""
    if real.is_dir() and staged.is_dir():
        for path in real.iterdir():
            _lay(path, staged / path.name)
    elif real.exists() and not staged.exists():
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.symlink_to(real.absolute())


@contextmanager
def committed_folder(config: Config) -> Iterator[Path | None]:
    """Have the project as the last commit has it lie in a folder; None where no commit has it."""
    with tempfile.TemporaryDirectory(prefix="tfmatrix-committed-") as folder:
        # An index of its own: the one that is about to be committed is not touched.
        index = {"GIT_INDEX_FILE": str(Path(folder) / ".tfmatrix-index")}
        if _run(config.root, "read-tree", "HEAD", variables=index).returncode:
            yield None  # there is no commit yet
            return
        _git(config.root, "checkout-index", "--all", f"--prefix={folder}/", variables=index)
        project = Path(folder) / _prefix(config.root)
        yield project if project.is_dir() else None


def is_moved(config: Config, before: Path | None) -> bool:
    """Return whether what would be installed is staged to be other than the last commit has it.

    Both are resolved now, by the staged configuration, so that only what changed in the files is seen. What a project
    without TensorFlow installs is nobody's business here. Raises ``UserError`` for a staged file that cannot be read.
    """
    if before is None:
        return _has_any(outlook(config))
    now_lies = _contents(config, config.root)
    try:
        committed = configuration.load(before)
        if now_lies == _contents(config, before):
            return False
        was = outlook(config, before)
        unhidden = was if committed.ignored_pins == config.ignored_pins else outlook(committed, before)
    except UserError:
        return True
    now = outlook(config)
    hidden = bool(unhidden.with_tensorflow) and not now.with_tensorflow
    return (
        hidden
        or committed.python != config.python
        or any(one.refusal for one in now.installed)
        or (
            (_has_any(was) or _has_any(now))
            and (_differ(_sets(was), _sets(now)) or _beside(config, was) != _beside(config, now))
        )
    )


def require_read(config: Config) -> None:
    """Raise ``UserError`` where a file mentions TensorFlow that is not read: what it installs is seen by nobody."""
    sources = read_project(config.root, config.ignored_pins)
    looked = look_around(config.root, sources, config.ignored_pins)
    if found := not_compared(Outlook(config.root, sources, looked, (), ())):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise UserError(f"{found[0]}{more}.")


def _contents(config: Config, folder: Path) -> object:
    """Return the bytes of all that may say what is installed; nothing equals it where that rests on more than these."""
    sources = read_project(folder, config.ignored_pins)
    if any(source.document.rests_on_more or source.document.remote for source in sources):
        return object()
    found: dict[Path, object] = {source.shown: _said(source) for source in sources}
    found |= {looked.shown: looked.content for looked in look_around(folder, sources, config.ignored_pins)}
    more = (folder / name for name in (PYTHON_FILE, "uv.toml"))
    return found | {Path(path.name): path.read_bytes() for path in more if path.is_file()}


def _said(source: Source) -> object:
    """Return what of a file is compared: of a pyproject.toml not the tables of tools that install nothing."""
    if source.kind is not PROJECT:
        return source.content
    leaves = source.document.leaves.items()
    return {keys: value for keys, value in leaves if keys[:1] != ("tool",) or keys[1] not in _INSTALL_NOTHING}


def _has_any(found: Outlook) -> bool:
    """Return whether TensorFlow is named or installed, or may be."""
    mentions = (mention for source in found.sources for mention in source.document.mentions)
    named = any(family(mention.name) == TENSORFLOW for mention in mentions)
    return named or any(one.tensorflow or one.refusal for one in found.installed)


def _sets(found: Outlook) -> dict[str, Installation]:
    """Return what each set installs of what is watched, where that is anything."""
    return {one.name: replace(one, name="") for one in found.installed if one.packages or one.refusal}


def _differ(was: Mapping[str, Installation], now: Mapping[str, Installation]) -> bool:
    """Return whether a set installs something else; one that comes or goes does, but for what another has as well."""
    return (
        any(was[name] != now[name] for name in was if name in now)
        or any(now[name] not in was.values() for name in now if name not in was)
        or any(was[name] not in now.values() for name in was if name not in now)
    )


def _beside(config: Config, found: Outlook) -> object:
    """Return what is compared besides: the Pythons that a project is for, and what else speaks of versions."""
    pythons = {(source.shown, source.document.pythons) for source in found.sources if source.document.pythons}
    python_file = found.root / PYTHON_FILE
    versions = {family(name): version for one in found.with_tensorflow for name, version in one.packages.items()}
    return (
        pythons,
        # Without their lines, which may shift.
        {(str(source.shown), mention.written) for source, mention in misfits(config, found, versions)},
        {(one.place.partition(",")[0], one.name, one.says) for one in unread_misfits(found, versions)},
        python_file.read_bytes() if python_file.is_file() else b"",
    )


def pinned_before(config: Config, before: Path | None) -> Environment | None:
    """Return what the last commit pins; None where it pins no one version of TensorFlow."""
    try:
        return pinned_environment(config, before) if before else None
    except UserError:
        return None


def _prefix(root: Path) -> str:
    return _git(root, "rev-parse", "--show-prefix").decode().rstrip("\n")


def _git(root: Path, *arguments: str, variables: Mapping[str, str] = NOTHING) -> bytes:
    ran = _run(root, *arguments, variables=variables)
    if ran.returncode:
        said = "; ".join(ran.stderr.decode(errors="replace").splitlines())
        raise UserError(f"git {arguments[0]} failed in {root}: {said}")
    return ran.stdout


def _run(root: Path, *arguments: str, variables: Mapping[str, str] = NOTHING) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=root, env={**os.environ, **variables}, capture_output=True, check=False
        )
    except OSError as error:
        raise UserError(f"git cannot be run: {error}; what is staged is known to git alone.") from None
