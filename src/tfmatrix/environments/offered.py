"""What the package index offers of TensorFlow, beside what is locked and what the catalogue knows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version
from pypi_simple import DistributionPackage, NoSuchProjectError, PyPISimple, UnsupportedRepoVersionError

from tfmatrix.environments import catalogue, locks, uv
from tfmatrix.errors import Unavailable, UserError

SCHEMA = 1
"""Of what `Offers.to_json` gives."""

PATIENCE = 30.0  # seconds; an index that answers at all does in two

_INDEX = re.compile(r"--(extra-)?index-url (\S+)")
_PYTHON = re.compile(r"cp3([0-9]{1,2})")


@dataclass(frozen=True)
class Wheel:
    """One file that an index offers, of Linux on x86-64."""

    version: str
    python: str
    """``3.10``; empty where it is for all."""
    published: str = ""
    """When it was uploaded, in UTC: ``2024-10-25T03:34:28+00:00``; empty where the index does not say."""


@dataclass(frozen=True)
class Uploaded:
    """What the index has of one version."""

    pythons: tuple[str, ...]
    """Those that it has wheels for, oldest first; ``""`` stands for all."""
    published: str = ""
    """When the first of its wheels was uploaded, as `Wheel.published` has it."""


@dataclass(frozen=True)
class Offer:
    """One version that the index offers."""

    package: str
    version: str
    kind: str
    """``final``, ``pre-release`` or ``nightly``."""
    pythons: tuple[str, ...]
    """Oldest first."""
    locked_for: tuple[str, ...]
    """The Pythons that there is a lock for."""
    is_known: bool
    """Whether the catalogue has it."""


@dataclass(frozen=True)
class Offers:
    """What the index offers of a distribution."""

    distribution: str
    index: str
    """Its host."""
    offers: tuple[Offer, ...]
    """Newest first; of the nightly builds the newest alone."""
    newest_locked: str
    """Empty where nothing is locked."""
    gone: tuple[str, ...]
    """What is locked and not offered any more."""

    @property
    def newer(self) -> tuple[Offer, ...]:
        """Return what is newer than the newest that is locked."""
        least = self.newest_locked
        return tuple(one for one in self.offers if not least or Version(one.version) > Version(least))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it, with its schema."""
        newer = [f"{one.package} {one.version}" for one in self.newer]
        return {"schema": SCHEMA, **asdict(self), "newer": newer}


def offers(distribution: str, root: Path) -> Offers:
    """Return what uv's package indexes offer of a distribution, and its newest nightly build.

    Raises ``UserError`` for a distribution that is none, and ``Unavailable`` where an index can't be asked, and where
    none has it.
    """
    if distribution not in catalogue.DISTRIBUTIONS:
        raise UserError(f"the distribution {distribution!r} is not one of {', '.join(catalogue.DISTRIBUTIONS)}.")
    distribution = catalogue.package_of(distribution)
    addresses = indexes(root)
    address, wheels = _first(addresses, distribution)
    if not wheels:
        raise Unavailable(_has_none(addresses, distribution))
    nightly = catalogue.NIGHTLY[distribution]
    folders = (root / "locks", locks.OWN_LOCKS)
    locked, locked_builds = _locked(distribution, folders), _locked(nightly, folders)
    _, builds = _first(addresses, nightly)
    newest = max({Version(wheel.version) for wheel in builds}, default=None)
    nightlies = [wheel for wheel in builds if Version(wheel.version) == newest]
    found = [*_offers(distribution, wheels, locked), *_offers(nightly, nightlies, locked_builds)]
    offered = {Version(wheel.version) for wheel in wheels}
    return Offers(
        distribution=distribution,
        index=_host(address),
        offers=tuple(sorted(found, key=lambda one: Version(one.version), reverse=True)),
        newest_locked=max((*locked, *locked_builds), key=Version, default=""),
        gone=tuple(sorted((one for one in locked if Version(one) not in offered), key=Version)),
    )


def versions_of(package: str, root: Path) -> dict[str, Uploaded]:
    """Return the versions that uv's package indexes offer of any package, oldest first, and what they have of each.

    Raises ``Unavailable`` where an index can't be asked, and where none has the package.
    """
    addresses = indexes(root)
    _, wheels = _first(addresses, package)
    if not wheels:
        raise Unavailable(_has_none(addresses, package))
    found: dict[str, list[Wheel]] = {}
    for wheel in wheels:
        found.setdefault(wheel.version, []).append(wheel)
    return {version: _uploaded(found[version]) for version in sorted(found, key=Version)}


def _uploaded(wheels: Sequence[Wheel]) -> Uploaded:
    return Uploaded(tuple(sorted({one.python for one in wheels})), min(one.published for one in wheels))


def _has_none(addresses: Iterable[str], package: str) -> str:
    asked = ", ".join(map(_host, addresses))
    return f"{asked} has no {package} for Linux on x86-64; look at uv's index settings."


def indexes(root: Path) -> tuple[str, ...]:
    """Return the addresses of the indexes that uv would ask in a folder, in its order.

    uv has no command that lists versions, but says where it looks: whatever a user has told it, it has heeded.
    Raises ``Unavailable`` where it looks at none.
    """
    arguments = ["pip", "compile", "-", "--quiet", "--offline", "--no-header", "--emit-index-url"]
    told = uv.run([*arguments, "--python", sys.executable], failing="uv does not tell its indexes", folder=root)
    found = [(bool(extra), address) for extra, address in _INDEX.findall(told)]
    if not found:
        raise Unavailable(
            "uv is set to use no package index, so nothing can be asked; look at UV_NO_INDEX and uv.toml."
        )
    return tuple(address for _, address in sorted(found, key=lambda one: not one[0]))  # the default comes last


def _first(addresses: Iterable[str], package: str) -> tuple[str, Sequence[Wheel]]:
    """Return the first index that has a package, as uv takes it, and what that has; an empty address where none has."""
    for address in addresses:
        if wheels := wheels_of(address, package):
            return address, wheels
    return "", ()


def wheels_of(address: str, package: str) -> Sequence[Wheel]:
    """Ask an index for a package's files for Linux on x86-64, without those that were yanked; none where it has none.

    Raises ``Unavailable`` where the index does not answer, or not as an index does.
    """
    session = requests.Session()
    if (bundle := os.environ.get("SSL_CERT_FILE")) and not os.environ.get("REQUESTS_CA_BUNDLE"):
        session.verify = bundle  # which uv heeds, and requests does not
    try:
        with PyPISimple(address, session=session) as client:
            page = client.get_project_page(package, timeout=PATIENCE)
    except NoSuchProjectError:
        return ()
    except (requests.RequestException, UnsupportedRepoVersionError, ValueError) as error:
        raise Unavailable(
            f"the package index {_host(address)} cannot be asked for {package}: {_why(error)}; try again online, "
            "or look at uv's index settings."
        ) from None
    return [wheel for file in page.packages if not file.is_yanked for wheel in _wheels(file)]


def _wheels(file: DistributionPackage) -> Iterator[Wheel]:
    """Yield what a file is, for each Python; nothing where it is for another system, or no wheel."""
    try:
        _, version, _, tags = parse_wheel_filename(file.filename)
    except (InvalidWheelFilename, ValueError):
        return
    when = file.upload_time.astimezone(timezone.utc).isoformat(timespec="seconds") if file.upload_time else ""
    for tag in tags:
        if tag.platform == "any" or (tag.platform.endswith("_x86_64") and "linux" in tag.platform):
            python = _PYTHON.fullmatch(tag.interpreter)
            yield Wheel(str(version), f"3.{python[1]}" if python else "", when)


def _why(error: Exception) -> str:
    """Return what went wrong in a few words; the libraries' own are several sentences, with addresses in them."""
    match error:
        case requests.exceptions.SSLError():
            return "its certificate is not trusted"
        case requests.Timeout():
            return f"it did not answer within {PATIENCE:g} s"
        case requests.ConnectionError():
            return "it cannot be reached"
        case requests.HTTPError() if error.response is not None:
            return f"it answers {error.response.status_code}"
        case requests.exceptions.InvalidSchema():
            return "it is no web address, and only those are asked"
        case _:
            return "its answer is not that of a package index"


def _host(address: str) -> str:
    """Return the host of an address, without a password that stands in it."""
    return urlsplit(address).hostname or urlsplit(address).path


def _offers(package: str, wheels: Sequence[Wheel], locked: dict[str, tuple[str, ...]]) -> Iterator[Offer]:
    pythons: dict[str, set[str]] = {}
    for wheel in wheels:
        pythons.setdefault(wheel.version, set()).add(wheel.python)
    for version, found in pythons.items():
        yield Offer(
            package=package,
            version=version,
            kind=_kind(Version(version)),
            pythons=tuple(sorted(found - {""}, key=Version)),
            locked_for=locked.get(version, ()),
            is_known=_is_known(version),
        )


def _kind(version: Version) -> str:
    if version.is_devrelease:
        return "nightly"
    return "pre-release" if version.is_prerelease else "final"


def _is_known(version: str) -> bool:
    try:
        return catalogue.release(version).known
    except UserError:  # of a form or an age that it has no word for
        return False


def _locked(distribution: str, folders: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """Return the Pythons that each version of a distribution is locked for, by itself or with further packages."""
    name = re.compile(rf"{re.escape(distribution)}-([0-9][^+]*?)(?:\+.*)?-py3([0-9]+)")
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.glob(f"{distribution}-*.txt"):
            if one := name.fullmatch(path.stem):
                found.setdefault(one[1], set()).add(f"3.{one[2]}")
    return {version: tuple(sorted(pythons, key=Version)) for version, pythons in found.items()}
