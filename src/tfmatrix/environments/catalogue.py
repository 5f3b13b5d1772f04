"""The TensorFlow releases that are known, what each needs, and the environments that may be named."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from packaging.version import Version

from tfmatrix.errors import Unavailable, UserError
from tfmatrix.reading import shown
from tfmatrix.records import Environment, Package

DISTRIBUTIONS = ("tensorflow-cpu", "tensorflow")

NIGHTLY = {
    "tensorflow-cpu": "tf-nightly-cpu",
    "tensorflow": "tf-nightly",
    "keras": "keras-nightly",
    "tf-keras": "tf-keras-nightly",
}
"""The package that a version of a day is installed from, ``2.22.0.dev20260905`` or ``3.7.0.dev2024110803``.

Both of a pair are one package to import, so no environment has the two.
"""

_RELEASED = {nightly: name for name, nightly in NIGHTLY.items()}

TENSORFLOWS = frozenset({*DISTRIBUTIONS, *(NIGHTLY[one] for one in DISTRIBUTIONS)})
"""What is TensorFlow itself."""

OLDEST = "2.8.0"
"""Before it the probe runs in none."""

FURTHER_PACKAGES = ("keras", "tf-keras", "numpy")
"""What may be chosen besides TensorFlow, in the order in which an environment's name has them.

Any other package may be held at a version too, behind these: it has to be one that the environment has anyway, so that
a slip of the pen installs nothing.
"""

_PACKAGE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# What a release needs and its own metadata does not say.
_NUMPY_1 = "numpy<2"  # built against NumPy 1: `import tensorflow` fails under NumPy 2
_PROTOBUF_3 = "protobuf<3.20"  # its generated code is refused by later runtimes

# minor, first and newest patch, oldest and newest Python, caps
_TABLE: tuple[tuple[str, int, int, str, str, tuple[str, ...]], ...] = (
    ("2.8", 0, 4, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    ("2.9", 0, 3, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    ("2.10", 0, 1, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    ("2.11", 0, 1, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    ("2.12", 0, 1, "3.8", "3.11", (_NUMPY_1,)),
    ("2.13", 0, 1, "3.8", "3.11", (_NUMPY_1,)),
    ("2.14", 0, 1, "3.9", "3.11", (_NUMPY_1,)),
    ("2.15", 0, 1, "3.9", "3.11", (_NUMPY_1,)),
    ("2.16", 1, 2, "3.9", "3.12", ()),  # there is no 2.16.0
    ("2.17", 0, 1, "3.9", "3.12", ()),
    ("2.18", 0, 1, "3.9", "3.12", ()),
    ("2.19", 0, 1, "3.9", "3.12", ()),
    ("2.20", 0, 0, "3.9", "3.13", ()),
    ("2.21", 0, 0, "3.10", "3.13", ()),
)

RELEASES: tuple[str, ...] = tuple(f"{minor}.{newest}" for minor, _, newest, *_ in _TABLE)
"""The newest patch of each minor, oldest first."""


@dataclass(frozen=True)
class Release:
    """One TensorFlow release: the Pythons it runs on, and the caps that it needs and does not declare."""

    version: str
    oldest_python: str
    newest_python: str
    caps: tuple[str, ...]
    """Requirements such as ``numpy<2`` that a resolution of this release has to add."""
    known: bool = True
    """Whether it is one of those that tfmatrix is tested with; of any other the package index decides all else."""

    def runs_on(self, python: str) -> bool:
        """Return whether this release has wheels for a Python such as ``3.10``, as far as that is known."""
        return not self.known or Version(self.oldest_python) <= Version(python) <= Version(self.newest_python)


LATEST = "latest"
"""What the newest release that is known can be called."""


def release(version: str) -> Release:
    """Return what is known of one release: ``2.15.1``, a release candidate ``2.22.0rc0``, a nightly.

    Raises ``UserError`` for a version that is ill-formed or older than `OLDEST`.
    """
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){2}(rc[0-9]{1,9}|\.dev[0-9]{8})?", version, re.ASCII):
        raise UserError(f"{shown(version)} is no TensorFlow version; write it in full, such as {RELEASES[-1]}.")
    wanted = Version(version)
    if str(wanted) != version:
        raise UserError(f"{shown(version)} is no TensorFlow version; write it as {wanted}.")
    if wanted < Version(OLDEST):
        raise UserError(f"TensorFlow {version} is too old for tfmatrix, which knows {OLDEST} and later.")
    caps: tuple[str, ...] = ()
    for minor, first, newest, oldest_python, newest_python, minors_caps in _TABLE:
        if wanted.release[:2] == Version(minor).release:
            caps = minors_caps
            if first <= wanted.micro <= newest and not wanted.is_prerelease:
                return Release(version, oldest_python, newest_python, caps)
    return Release(version, "", "", caps, known=False)


def nearest(version: str) -> list[str]:
    """Return the known release of the same minor and its neighbours, at most three, nearest first."""
    wanted = Version(version)

    def distance(known: str) -> tuple[int, int]:
        major, minor, patch = Version(known).release
        return abs((major - wanted.major) * 1000 + minor - wanted.minor), abs(patch - wanted.micro)

    return sorted(RELEASES, key=distance)[:3]


def parse_environment(name: str, *, distribution: str, python: str) -> Environment:
    """Return the environment of a name such as ``2.15.1`` or ``2.16.2+keras-3.11.3+numpy-1.26.4``.

    Two spellings of one choice give one environment: the further packages are put into a fixed order, ``2.21`` is the
    newest patch of it that is known, and ``latest`` the newest release.
    One of a day has the distribution of its own that such versions have. Raises ``UserError`` for what is no version,
    package or distribution.
    """
    if distribution not in DISTRIBUTIONS:
        raise UserError(f"the distribution {distribution!r} is not one of {', '.join(DISTRIBUTIONS)}.")
    if not re.fullmatch(r"3\.[0-9]{1,2}", python):
        raise UserError(f"{python!r} is no Python version; write major and minor, such as 3.10.")
    version, *chosen = name.strip().split("+")
    version = _in_full(version)
    release(version)
    if Version(version).is_devrelease:
        distribution = NIGHTLY[distribution]
    further = sorted((_further(part, name) for part in chosen), key=place)
    if len({package.name for package in further}) < len(further):
        raise UserError(f"the environment {name!r} names one package twice.")
    return Environment(version, tuple(further), distribution, python)


def place(package: Package) -> tuple[int, str]:
    """Return what orders the further packages of an environment's name."""
    known = package.name in FURTHER_PACKAGES
    return FURTHER_PACKAGES.index(package.name) if known else len(FURTHER_PACKAGES), package.name


def is_held(package: Package) -> bool:
    """Return whether a further package is held at a version where it is installed, and not asked for."""
    return package.name not in FURTHER_PACKAGES


def configured_distribution(environment: Environment) -> str:
    """Return the distribution under which `parse_environment` gives an environment: a nightly build has its own."""
    return _RELEASED.get(environment.distribution, environment.distribution)


def as_installed(package: Package) -> Package:
    """Return a package by the name that it is installed under: a version of a day has a name of its own."""
    own = NIGHTLY.get(package.name, package.name) if Version(package.version).is_devrelease else package.name
    return replace(package, name=own)


def as_named(package: Package) -> Package:
    """Return an installed package by the name that its releases have, and that environments are named with."""
    return replace(package, name=_RELEASED.get(package.name, package.name))


def _in_full(version: str) -> str:
    """Return the release that ``2.21`` or ``latest`` stands for; any other text as it is."""
    if version == LATEST:
        return RELEASES[-1]
    return next((known for known in reversed(RELEASES) if known.rpartition(".")[0] == version), version)


def require_python(environment: Environment) -> None:
    """Raise ``Unavailable`` where an environment's release is known not to run on its Python."""
    known = release(environment.tensorflow)
    if not known.runs_on(environment.python):
        raise Unavailable(
            f"TensorFlow {known.version} does not run on Python {environment.python}, only on {known.oldest_python} "
            f"to {known.newest_python}; give it another under `python` in [tool.tfmatrix]."
        )


def _further(part: str, name: str) -> Package:
    """Return the package of one part behind a plus, ``keras-3.11.3``."""
    package, _, version = part.lower().replace("_", "-").rpartition("-")
    if not _PACKAGE.fullmatch(package):
        raise UserError(
            f"{part!r} in the environment {name!r} is no package with an exact version, such as keras-3.11.3."
        )
    if package in TENSORFLOWS:
        raise UserError(f"the environment {name!r} names TensorFlow twice; it has one, in front.")
    try:
        # The canonical spelling, so that 3.11.3 and 03.11.3 are one environment, and a nightly build by either name.
        return as_named(Package(package, str(Version(version))))
    except ValueError:  # InvalidVersion, and what has too many digits
        raise UserError(f"{version!r} in the environment {name!r} is no version of {package}.") from None
