"""Lock files: finding, reading and making the hashed set of packages that an environment consists of."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from packaging.utils import canonicalize_name

from tfmatrix.environments import catalogue, companions, interpreters, uv
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.records import Environment, Package

OWN_LOCKS = Path(__file__).parent / "locks"
"""The lock files that come with tfmatrix."""

PLATFORM = "x86_64-unknown-linux-gnu"
"""What every lock is for."""

LONGEST_NAME = 120
"""Characters of an environment's name that its files are called by."""

BUILDERS = ("setuptools", "wheel")
"""What builds a package from its source: in the lock where one has to be built, so that it is hashed too."""

_KIND = re.compile(r"# kind: (today|as of [0-9]{4}-[0-9]{2}-[0-9]{2})")
_REQUIRES = "# requires: "
_LOCKED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+]+)((?: +--hash=sha256:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Lock:
    """What one lock file says."""

    packages: tuple[Package, ...]
    """Sorted by name."""
    digest: str
    """SHA-256 of the file's bytes, in hex."""
    kind: str
    """``today``, or ``as of 2022-06-01``."""
    requires: tuple[str, ...] = ()
    """What of the project's it was made for, as `requires` has it."""


def stem(environment: Environment) -> str:
    """Return what an environment's lock file and folder are called: ``tensorflow-cpu-2.15.1-py310``.

    A name that is long for a file, with many packages held, is given by its digest.
    """
    name = environment.name
    if len(name) > LONGEST_NAME:
        named = hashlib.sha256(name.encode("ascii")).hexdigest()[:12]
        name = f"{environment.tensorflow}+{len(environment.further)}-packages-{named}"
    return f"{prefix(environment)}{name}-py{environment.python.replace('.', '')}"


def prefix(environment: Environment) -> str:
    """Return what the names of files begin with of environments of one distribution: ``tensorflow-and-cuda-``."""
    return f"{environment.distribution.replace('[', '-').rstrip(']')}-"


def command(environment: Environment) -> str:
    """Return the command that makes an environment's lock, whatever the project's own Python and distribution are."""
    distribution = shlex.quote(catalogue.configured_distribution(environment))
    return f"tfmatrix lock {environment.name} --python {environment.python} --distribution {distribution}"


def find_lock(environment: Environment, folders: Sequence[Path]) -> Path:
    """Return the environment's lock file in the first of the folders that has it, else tfmatrix's own.

    One that was made for other requirements of the project is none. Raises ``Unavailable`` where there is none.
    """
    other = False
    for folder in (*folders, OWN_LOCKS):
        path = folder / f"{stem(environment)}.txt"
        if path.is_file():
            if _made_for(path) == requires(environment):
                return path
            other = True
    lacking = "no lock file for these requirements" if other else f"no lock file {stem(environment)}.txt"
    raise Unavailable(
        f"{environment.name} on Python {environment.python} has {lacking}; `{command(environment)}` makes it."
    )


def has_lock(environment: Environment, folders: Sequence[Path]) -> bool:
    """Return whether there is a lock file of an environment."""
    try:
        return bool(find_lock(environment, folders))
    except Unavailable:
        return False


def find_or_make_lock(environment: Environment, folders: Sequence[Path]) -> Path:
    """Return the environment's lock file; where there is none, make it in the first of the folders.

    Raises ``Unavailable``, with the reason, where it can't be made, and for a Python that the release does not run on.
    """
    catalogue.require_python(environment)
    try:
        return find_lock(environment, folders)
    except Unavailable:
        return make_lock(environment, interpreters.find_interpreter(environment.python), folders[0])


def requires(environment: Environment) -> tuple[str, ...]:
    """Return what a lock of an environment says that it was made for: requirements, and constraints behind ``-c``."""
    return (*environment.requirements, *(f"-c {one}" for one in environment.constraints))


def _made_for(path: Path) -> tuple[str, ...]:
    """Return what a lock file says that it was made for; one that can't be read is refused by whoever reads it."""
    return _requires_of(path.read_text(encoding="utf-8", errors="replace"))


def _requires_of(text: str) -> tuple[str, ...]:
    return tuple(line.removeprefix(_REQUIRES) for line in text.splitlines() if line.startswith(_REQUIRES))


def digest(path: Path) -> str:
    """Return the SHA-256 of a lock file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_lock(path: Path) -> Lock:
    """Return what a lock file says.

    Raises ``Unavailable`` where it cannot be read, has no kind, holds nothing, or holds a line that is not
    one package at one exact version with its hashes.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"the lock file {path.name} cannot be read: {error}.") from error
    kind = next((found[1] for line in text.splitlines() if (found := _KIND.fullmatch(line.strip()))), None)
    if kind is None:
        raise Unavailable(f"the lock file {path.name} does not say its kind; make it anew with `tfmatrix lock`.")
    packages = sorted(package for package, _ in _packages(text, path.name))
    if not packages:
        raise Unavailable(f"the lock file {path.name} holds no package; make it anew with `tfmatrix lock`.")
    if len({package.name for package in packages}) < len(packages):
        raise Unavailable(f"the lock file {path.name} names one package twice; make it anew with `tfmatrix lock`.")
    return Lock(tuple(packages), hashlib.sha256(content).hexdigest(), kind, _requires_of(text))


def read_hashes(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the hashes of each package of a lock file that `read_lock` accepts: ``sha256:`` and 64 digits."""
    text = path.read_text(encoding="utf-8")
    return {package.name: hashes for package, hashes in _packages(text, path.name)}


def _packages(text: str, name: str) -> Iterator[tuple[Package, tuple[str, ...]]]:
    """Yield the packages of a lock file's text, each with its hashes."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        # Whoever reads the line must see what uv will do: options, addresses and markers are not for a lock.
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if not (found := _LOCKED.fullmatch(stripped)):
            shown = stripped.split("--hash")[0].strip() or stripped
            raise Unavailable(
                f"the lock file {name} is refused: {shown[:80]!r} is not one package "
                "at one version with its hashes; make it anew with `tfmatrix lock`."
            )
        hashes = tuple(part.removeprefix("--hash=") for part in found[3].split())
        yield Package(canonicalize_name(found[1]), found[2]), hashes


def read_lock_of(environment: Environment, path: Path) -> Lock:
    """Return what an environment's lock file says, having seen that it locks what the environment names.

    Raises ``Unavailable`` where it is refused or locks another release.
    """
    lock = read_lock(path)
    for package in _wanted(environment):
        if package not in lock.packages:
            raise Unavailable(
                f"the lock file {path.name} does not hold {package.name} {package.version}; "
                f"make it anew with `{command(environment)}`."
            )
    return lock


def holdable(environment: Environment, packages: Sequence[Package]) -> tuple[Package, ...]:
    """Return those of some packages that an environment can have at these versions, all at once.

    Where not all of them go together, each is held that goes with those before it. Raises ``Unavailable`` where the
    environment can't be locked without any.
    """
    interpreter = interpreters.find_interpreter(environment.python)

    def hold(some: Sequence[Package]) -> None:
        with tempfile.TemporaryDirectory(prefix="tfmatrix-held-") as folder:
            make_lock(environment.holding(some), interpreter, Path(folder))

    hold(())
    held: tuple[Package, ...] = ()
    for more in (packages, *([one] for one in packages)):
        if len(held) < len(packages):
            with suppress(Unavailable):
                hold((*held, *more))
                held = (*held, *more)
    return held


def make_lock(environment: Environment, interpreter: Path, folder: Path, as_of: str | None = None) -> Path:
    """Resolve an environment with uv, and write and return its lock file.

    ``as_of``, such as ``2022-06-01``, leaves out what was published after that day (in UTC). What a package of the
    project needs of TensorFlow is this one, whatever the distribution. A Keras that the environment names is that one,
    whatever TensorFlow asks for: up to 2.15 it asks for its own, and whose a change is shows where another one is kept.
    What is held at a version has to be installed anyway. No release is beside a nightly build of the same package.
    Raises ``UserError`` for an ill-formed day and ``Unavailable``, with uv's reason, where nothing fits.
    """
    held = [one for one in environment.further if catalogue.is_held(one)]
    extra = environment.distribution.removeprefix(catalogue.package_of(environment.distribution))
    tensorflow, *further = (one for one in _wanted(environment) if one not in held)
    requirements = [f"{tensorflow.name}{extra}=={tensorflow.version}", *map(_exact, further)]
    release = catalogue.release(environment.tensorflow)
    requirements += release.caps
    requirements += BUILDERS if release.built else ()
    requirements += environment.requirements
    requirements += companions.fitting(environment.requirements, environment.tensorflow)
    arguments = [
        "pip", "compile", "-", "--quiet", "--generate-hashes", *uv.from_wheels(release.built),
        "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-sources",
        "--python", str(interpreter), "--python-version", environment.python,
        "--python-platform", PLATFORM,
    ]  # fmt: skip
    if as_of is not None:
        arguments += ["--exclude-newer", _day_after(as_of)]
    failing = f"{environment.name} on Python {environment.python} cannot be locked"
    with (
        _written([*environment.constraints, *_one_tensorflow(environment), *map(_exact, held)]) as constraints,
        _written(_overridden(environment)) as own,
    ):
        arguments += ["--constraint", constraints, "--override", own]
        body = uv.run(arguments, failing=failing, stdin="\n".join(requirements) + "\n")
    _require_held(held, body, failing)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem(environment)}.txt"
    _write(path, _header(environment, as_of) + body, environment)
    return path


@contextmanager
def _written(lines: Iterable[str]) -> Iterator[str]:
    """Write lines into a file, which is there within the context, and give its path."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        yield file.name


def _exact(package: Package) -> str:
    return f"{package.name}=={package.version}"


def _require_held(held: Iterable[Package], body: str, failing: str) -> None:
    """Raise ``Unavailable`` where a resolution has not what was to be held in it."""
    there = {package.name for package, _ in _packages(body, "")}
    for one in held:
        if one.name not in there:
            raise Unavailable(f"{failing}: it installs no {one.name}, so there is nothing to hold at {one.version}.")


def _wanted(environment: Environment) -> Iterator[Package]:
    """Yield what an environment names, TensorFlow first, each by the name that it is installed under."""
    yield Package(catalogue.package_of(environment.distribution), environment.tensorflow)
    yield from map(catalogue.as_installed, environment.further)


def _overridden(environment: Environment) -> Iterator[str]:
    """Yield the Keras that an environment names, and what is left out of it, whatever other packages ask for."""
    kerases = [catalogue.as_installed(one) for one in environment.further if one.name in catalogue.NIGHTLY]
    yield from map(_exact, kerases)
    yield from (f"{name} ; python_version < '0'" for name in _left_out(environment))  # which no Python is


def _left_out(environment: Environment) -> Iterator[str]:
    """Yield the packages that would bring a second TensorFlow of a day, or beside one, and a second Keras."""
    own = catalogue.package_of(environment.distribution)
    nightlies = [catalogue.NIGHTLY[one] for one in catalogue.PACKAGES]
    yield from (one for one in nightlies if one != own)
    if own in nightlies:
        yield from catalogue.PACKAGES
    for package in (one for one in environment.further if one.name in catalogue.NIGHTLY):
        pair = (package.name, catalogue.NIGHTLY[package.name])
        yield from (one for one in pair if one != catalogue.as_installed(package).name)


def _one_tensorflow(environment: Environment) -> Iterator[str]:
    """Yield what keeps a package that needs the other distribution from bringing another TensorFlow with it."""
    if catalogue.package_of(environment.distribution) in catalogue.PACKAGES:
        for name in catalogue.PACKAGES:
            yield f"{name}=={environment.tensorflow}"


def _day_after(as_of: str) -> str:
    try:
        return f"{date.fromisoformat(as_of) + timedelta(days=1)}T00:00:00Z"
    except ValueError:
        raise UserError(f"{as_of!r} is no day; write it as 2022-06-01.") from None
    except OverflowError:
        raise UserError(f"{as_of} is the last day there is, and no day comes after it; leave the day out.") from None


def _header(environment: Environment, as_of: str | None) -> str:
    """Return the lines above the packages: no date, so that an unchanged resolution keeps its digest."""
    lines = [
        "# A lock file of tfmatrix: every package of one environment, with its hashes; not edited by hand.",
        f"# environment: {environment.name}",
        f"# distribution: {environment.distribution}",
        f"# python: {environment.python}",
        f"# kind: {'today' if as_of is None else f'as of {as_of}'}",
        f"# made by: tfmatrix lock {environment.name}{'' if as_of is None else f' --as-of {as_of}'}",
        *(_REQUIRES + one for one in requires(environment)),
    ]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str, environment: Environment) -> None:
    """Write a lock file whole or not at all, and only if it would be accepted again."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".txt")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        read_lock_of(environment, Path(name))
        Path(name).chmod(0o644)  # mkstemp's own is 0600
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
