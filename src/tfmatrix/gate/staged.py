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
from tfmatrix.gate.pinned import pinned_environment
from tfmatrix.pins import find_pins
from tfmatrix.pins.packages import TENSORFLOW, family
from tfmatrix.records import Environment

NOTHING: Mapping[str, str] = {}
"""No variables besides this process's own."""


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


def same_pins(folder: Path, before: Path | None, *, companions: bool) -> bool:
    """Return whether two folders pin the same TensorFlow, with ``companions`` also what moves with it."""
    first, second = (_pins(each, companions=companions) if each else set() for each in (folder, before))
    return first == second


def pinned_before(config: Config, before: Path | None) -> Environment | None:
    """Return what the last commit pins; None where it pins no one version of TensorFlow."""
    try:
        return pinned_environment(config, before) if before else None
    except UserError:
        return None


def _pins(folder: Path, *, companions: bool) -> set[tuple[str, str]]:
    pins = find_pins(folder)
    return {(pin.name, pin.version) for pin in pins if companions or family(pin.name) == TENSORFLOW}


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
