"""The TensorFlow releases that are known, what each needs, and the environments that may be named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from packaging.version import Version

from tfmatrix.errors import Unavailable, UserError
from tfmatrix.reading import shown
from tfmatrix.records import Environment, Package

PACKAGES = ("tensorflow-cpu", "tensorflow")
"""The packages that TensorFlow is installed from."""

DISTRIBUTIONS = (*PACKAGES, "tensorflow[and-cuda]")
"""What may be chosen of them, as pip has it: the extra brings NVIDIA's packages, with which it runs on a GPU."""

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

TENSORFLOWS = frozenset({*PACKAGES, *(NIGHTLY[one] for one in PACKAGES)})
"""What is TensorFlow itself."""

FURTHER_PACKAGES = ("keras", "tf-keras", "numpy")
"""What may be chosen besides TensorFlow, in the order in which an environment's name has them.

Any other package may be held at a version too, behind these: it has to be one that the environment has anyway, so that
a slip of the pen installs nothing.
"""

_PACKAGE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# What a release needs and its own metadata does not say.
_NUMPY_1 = "numpy<2"  # built against NumPy 1: `import tensorflow` fails under NumPy 2
_NUMPY_1_18 = "numpy<1.19"  # as 1.15 and 2.0 to 2.2 say themselves
_PROTOBUF_3 = "protobuf<3.20"  # its generated code is refused by later runtimes
_H5PY_2 = "h5py<3"  # its Keras decodes what h5py 3 gives as text
_GAST_0_2 = "gast==0.2.2"  # AutoGraph looks up nodes that later ones lack; as 1.15 to 2.1 say themselves


class _Minor(NamedTuple):
    """A minor release: the columns of its row."""

    name: str
    first: int
    """Its first patch that there is."""
    newest: int
    oldest_python: str
    newest_python: str
    caps: tuple[str, ...]
    built: tuple[str, ...] = ()
    """What it needs in a version that no wheel has, and that is built from its hashed source."""
    distributions: tuple[str, ...] = PACKAGES
    """Those that its newest patch is offered as."""


_OLD = (
    _Minor("1.13", 1, 2, "3.7", "3.7", (_NUMPY_1_18, _PROTOBUF_3, _H5PY_2, _GAST_0_2), ("gast",), ("tensorflow",)),
    _Minor("1.14", 0, 0, "3.7", "3.7", (_NUMPY_1_18, _PROTOBUF_3, _H5PY_2, _GAST_0_2), ("gast",), ("tensorflow",)),
    _Minor("1.15", 0, 5, "3.7", "3.7", (_PROTOBUF_3, _H5PY_2), ("gast",), ("tensorflow",)),
    _Minor("2.0", 0, 4, "3.7", "3.7", (_NUMPY_1_18, _PROTOBUF_3, _H5PY_2), ("gast",), ("tensorflow",)),
    _Minor("2.1", 0, 4, "3.7", "3.7", (_NUMPY_1_18, _PROTOBUF_3, _H5PY_2), ("gast",)),
    _Minor("2.2", 0, 3, "3.7", "3.8", (_PROTOBUF_3,)),
    _Minor("2.3", 0, 4, "3.7", "3.8", (_PROTOBUF_3,)),
    _Minor("2.4", 0, 4, "3.7", "3.8", (_PROTOBUF_3,), ("termcolor", "wrapt")),
    _Minor("2.5", 0, 3, "3.7", "3.9", (_PROTOBUF_3,), ("termcolor", "wrapt")),
    _Minor("2.6", 0, 5, "3.7", "3.9", (_PROTOBUF_3,), ("clang", "termcolor", "wrapt")),
    _Minor("2.7", 0, 4, "3.7", "3.9", (_NUMPY_1, _PROTOBUF_3)),
)
"""Those that have no wheel for the Python that all later ones run on: to be named, and in no list that means all."""

_TABLE = (
    *_OLD,
    _Minor("2.8", 0, 4, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    _Minor("2.9", 0, 3, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    _Minor("2.10", 0, 1, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    _Minor("2.11", 0, 1, "3.7", "3.10", (_NUMPY_1, _PROTOBUF_3)),
    _Minor("2.12", 0, 1, "3.8", "3.11", (_NUMPY_1,)),
    _Minor("2.13", 0, 1, "3.8", "3.11", (_NUMPY_1,)),
    _Minor("2.14", 0, 1, "3.9", "3.11", (_NUMPY_1,), distributions=DISTRIBUTIONS),
    _Minor("2.15", 0, 1, "3.9", "3.11", (_NUMPY_1,), distributions=DISTRIBUTIONS),
    _Minor("2.16", 1, 2, "3.9", "3.12", (), distributions=DISTRIBUTIONS),  # there is no 2.16.0
    _Minor("2.17", 0, 1, "3.9", "3.12", (), distributions=DISTRIBUTIONS),
    _Minor("2.18", 0, 1, "3.9", "3.12", (), distributions=DISTRIBUTIONS),
    _Minor("2.19", 0, 1, "3.9", "3.12", (), distributions=DISTRIBUTIONS),
    _Minor("2.20", 0, 0, "3.9", "3.13", (), distributions=DISTRIBUTIONS),
    _Minor("2.21", 0, 0, "3.10", "3.13", (), distributions=DISTRIBUTIONS),
)

OLD_RELEASES: tuple[str, ...] = tuple(f"{minor.name}.{minor.newest}" for minor in _OLD)
"""The newest patch of each old minor, oldest first: each runs on a Python of its own."""

RELEASES: tuple[str, ...] = tuple(f"{minor.name}.{minor.newest}" for minor in _TABLE[len(_OLD) :])
"""The newest patch of each other minor, oldest first: what `all` stands for."""

KNOWN = (*OLD_RELEASES, *RELEASES)
"""The newest patch of every minor that is known, oldest first."""

OLDEST = f"{_TABLE[0].name}.{_TABLE[0].first}"
"""Before it the probe runs in none."""


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
    built: tuple[str, ...] = ()
    """Packages that are built from their source, since the version that it needs has no wheel."""
    distributions: tuple[str, ...] = DISTRIBUTIONS
    """What it can be installed from."""
    old: bool = False
    """Whether it has no wheel for the Python that all later releases run on."""

    def runs_on(self, python: str) -> bool:
        """Return whether this release has wheels for a Python such as ``3.10``, as far as that is known."""
        return not self.known or Version(self.oldest_python) <= Version(python) <= Version(self.newest_python)

    def python_beside(self, python: str) -> str:
        """Return its Python in a project of this one that names none for it: the project's; of an old one, its own.

        An old release takes the newest Python that it runs on where it does not run on the project's, since there is
        none that it shares with all others. Any other is compared on the project's, or not at all.
        """
        return self.newest_python if self.old and not self.runs_on(python) else python

    def distribution(self, wanted: str) -> str:
        """Return what it is installed from: what is wanted where it is offered as that, else its package, or another.

        Before 2.14 no release has an extra with CUDA, which is then the machine's.
        """
        return next((one for one in (wanted, package_of(wanted)) if one in self.distributions), self.distributions[0])


def package_of(distribution: str) -> str:
    """Return the package of a distribution, without its extra."""
    return distribution.partition("[")[0]


def _renamed(distribution: str, names: Mapping[str, str]) -> str:
    """Return a distribution whose package has another name, with its extra."""
    package = package_of(distribution)
    return names.get(package, package) + distribution.removeprefix(package)


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
    for minor in _TABLE:
        if wanted.release[:2] == Version(minor.name).release:
            known = minor.first <= wanted.micro <= minor.newest and not wanted.is_prerelease
            pythons = (minor.oldest_python, minor.newest_python) if known else ("", "")
            old = known and minor in _OLD
            return Release(version, *pythons, minor.caps, known, minor.built, minor.distributions, old)
    return Release(version, "", "", (), known=False)


def nearest(version: str) -> list[str]:
    """Return the known release of the same minor and its neighbours, at most three, nearest first."""
    wanted = Version(version)

    def distance(known: str) -> tuple[int, int]:
        major, minor, patch = Version(known).release
        return abs((major - wanted.major) * 1000 + minor - wanted.minor), abs(patch - wanted.micro)

    return sorted(KNOWN, key=distance)[:3]


def parse_environment(name: str, *, distribution: str, python: str) -> Environment:
    """Return the environment of a name such as ``2.15.1`` or ``2.16.2+keras-3.11.3+numpy-1.26.4``.

    Two spellings of one choice give one environment: the further packages are put into a fixed order, ``2.21`` is the
    newest patch of it that is known, and ``latest`` the newest release.
    One of a day has the distribution of its own that such versions have, and one that is not offered as the given
    distribution has the other one. Raises ``UserError`` for what is no version,
    package or distribution.
    """
    if distribution not in DISTRIBUTIONS:
        raise UserError(f"the distribution {distribution!r} is not one of {', '.join(DISTRIBUTIONS)}.")
    if not re.fullmatch(r"3\.[0-9]{1,2}", python):
        raise UserError(f"{python!r} is no Python version; write major and minor, such as 3.10.")
    version, *chosen = name.strip().split("+")
    version = _in_full(version)
    offered = release(version).distribution(distribution)
    distribution = _renamed(offered, NIGHTLY) if Version(version).is_devrelease else offered
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
    return _renamed(environment.distribution, _RELEASED)


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
    return next((known for known in reversed(KNOWN) if known.rpartition(".")[0] == version), version)


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
