"""Making an environment from its lock, and telling whether one is made: its stamp is written last."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock
from packaging.utils import canonicalize_name

from tfmatrix.environments import catalogue, contents, interpreters, locks, uv
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment, InstalledEnvironment, Package

STAMP = "tfmatrix-environment.json"
SCHEMA = 1


def folder_of(environment: Environment, root: Path) -> Path:
    """Return the folder of an environment under ``root``, nox's folder of virtual environments.

    Its name tells distributions and Pythons apart and is not shortened, as nox would a session's own.
    """
    return root / locks.stem(environment)


def is_there(folder: Path) -> bool:
    """Return whether an environment was made in a folder, be it current or not."""
    return (folder / STAMP).is_file()


def installed(environment: Environment, folder: Path, lock_folders: Sequence[Path]) -> InstalledEnvironment | None:
    """Return the environment as it stands in its folder, or None where it is not made or no longer current.

    Starts no process. Not current: the lock has changed or is gone, a file is not what it was when the environment was
    made, is gone or was added, the folder was moved, or the stamp is of another schema or unreadable.
    """
    try:
        found = from_json(json.loads((folder / STAMP).read_text(encoding="utf-8")))
        lock_digest = locks.digest(locks.find_lock(environment, lock_folders))
    except (OSError, ValueError, KeyError, TypeError, Unavailable):
        return None
    interpreter = _interpreter(folder)
    current = (
        found.environment == environment
        and found.lock_digest == lock_digest
        and found.interpreter == str(interpreter)
        and interpreter.is_file()
        and contents.are_as_noted(folder)
    )
    return found if current else None


def make(
    environment: Environment,
    *,
    folder: Path,
    lock_folders: Sequence[Path],
    create_venv: Callable[[Path, Path], object],
) -> InstalledEnvironment:
    """Make an environment in its folder, or return it where it is made and current.

    ``create_venv(folder, interpreter)`` makes an empty virtual environment, whatever lies in the folder.
    One process at a time makes it, and its lock where there is none. Raises ``Unavailable`` where that can't be made,
    and for a Python that the release does not run on or that is not there, a package
    that no longer installs or whose hash is wrong, or a file that is not what its package says: then nothing in the
    folder is taken for an environment.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock_of(folder)):
        if found := installed(environment, folder, lock_folders):
            return found
        path = locks.find_or_make_lock(environment, lock_folders)
        lock = locks.read_lock_of(environment, path)
        interpreter = interpreters.find_interpreter(environment.python)
        (folder / STAMP).unlink(missing_ok=True)  # before anything else goes: half a folder never has one
        create_venv(folder, interpreter)
        _install(environment, folder, path)
        made = InstalledEnvironment(
            environment=environment,
            interpreter=str(_interpreter(folder)),
            python_version=_python_version(folder),
            lock_digest=lock.digest,
            lock_kind=lock.kind,
            packages=_installed_packages(folder),
        )
        _check(made, lock, path)
        _close(environment, folder)
        _write_stamp(folder, made)
        return made


def folders(root: Path) -> Iterator[Path]:
    """Yield every folder that an environment was made in under ``root``, one that was left half-made too, sorted."""
    for lock in sorted(root.glob(_lock_of(root / "*").name)):
        folder = lock.with_name(lock.name[1 : -len(lock.suffix)])
        if folder.is_dir():
            yield folder


def remove(folder: Path) -> None:
    """Remove an environment's folder, its stamp first, so that what is left of it half-way is taken for none."""
    with FileLock(_lock_of(folder)):
        (folder / STAMP).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    """Return the file that one process at a time holds while it makes or removes an environment."""
    return folder.with_name(f".{folder.name}.lock")


def _interpreter(folder: Path) -> Path:
    return folder.resolve() / "bin" / "python"  # one environment, by whatever links it is reached


def _install(environment: Environment, folder: Path, lock: Path) -> None:
    """Install exactly what the lock says: hashed, with no resolution of dependencies.

    It is installed from wheels. What an old release needs in a version that has none is built from its hashed source,
    by those of the lock's own packages that build.

    Files are copied out of uv's cache. By hard links, which cloning gives too where a file system can't, an edit of one
    environment would be in the cache, and in each that is made from it.
    """
    built = catalogue.release(environment.tensorflow).built
    arguments = [
        "pip", "install", "--quiet", "--require-hashes", "--verify-hashes", "--no-deps", "--link-mode", "copy",
        *uv.from_wheels(built), "--build-constraints", str(lock),
        "--python", str(_interpreter(folder)), "-r", str(lock),
    ]  # fmt: skip
    uv.run(arguments, failing=f"{environment.name} cannot be installed from {lock.name}")


def _python_version(folder: Path) -> str:
    """Return the full version that the virtual environment's own description states, such as ``3.10.13``."""
    for line in (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip() in {"version_info", "version"}:  # uv's word, and the standard library's
            return value.strip()
    raise Unavailable(f"the virtual environment {folder.name} does not say its Python version; remove it and retry.")


def _installed_packages(folder: Path) -> tuple[Package, ...]:
    """Return what lies in the virtual environment, sorted by name; half a package, which says nothing, has no name."""
    places = [str(path) for path in (folder / "lib").glob("python*/site-packages")]
    found = [(each.name or "", each.version or "") for each in metadata.distributions(path=places)]
    return tuple(sorted(Package(canonicalize_name(name), version) for name, version in found))


def _check(made: InstalledEnvironment, lock: locks.Lock, path: Path) -> None:
    """Refuse an environment that is not, name by name and version by version, what its lock says."""
    if made.packages != lock.packages:
        other = sorted(set(made.packages) ^ set(lock.packages))
        names = ", ".join(sorted({package.name for package in other}))
        raise Unavailable(f"{made.environment.name} as installed differs from {path.name} in {names}; make it again.")


def _close(environment: Environment, folder: Path) -> None:
    """Have an environment be what its packages' RECORDs say, compiled, and note that it is.

    Raises ``Unavailable`` where a file is another: uv copies what its cache holds and does not look at it.
    """
    if differing := contents.differing(folder):
        name, of = min(differing.items())
        package = of.partition("-")[0]
        raise Unavailable(
            f"{environment.name} was installed with {name}, which is not the file of the package {package}: "
            f"uv's cache holds another; run `uv cache clean {package}`, and run again."
        )
    contents.remove_unrecorded(folder)
    # What no RECORD can vouch for is made here and noted, and nobody writes it later. A file that this Python can't
    # compile, of a test or for another one, stays without.
    command = [str(_interpreter(folder)), "-I", "-m", "compileall", "-q", "-j", "0", str(folder.resolve() / "lib")]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    contents.note(folder)


def _write_stamp(folder: Path, made: InstalledEnvironment) -> None:
    """Write the stamp whole and to the disk, or not at all."""
    partial = folder / f".{STAMP}.partial"
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(to_json(made), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / STAMP)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def to_json(made: InstalledEnvironment) -> dict[str, Any]:
    """Return the record as JSON has it, with its schema."""
    return {"schema": SCHEMA, **asdict(made)}


def from_json(stamp: dict[str, Any]) -> InstalledEnvironment:
    """Return the record of what `to_json` gave; raises ValueError, KeyError or TypeError where it is none of ours."""
    content = dict(stamp)
    if content.pop("schema") != SCHEMA:
        raise ValueError("another schema")
    named = dict(content.pop("environment"))
    named["further"] = tuple(Package(**package) for package in named["further"])
    named.update((name, tuple(named[name])) for name in ("requirements", "constraints") if name in named)
    packages = tuple(Package(**package) for package in content.pop("packages"))
    return InstalledEnvironment(environment=Environment(**named), packages=packages, **content)
