"""Packages that go with one TensorFlow and do not say so: which of their versions fits which release.

Where a project names one without a version, and no other requirement does, the one that fits is asked for. What the
metadata of a package says itself (tensorflow-text, tf-keras and tensorflow-hub say it) is left to the resolver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_KERAS_2 = "tf-keras"
"""Keras 2 for releases whose own is Keras 3; tf-keras says itself which TensorFlow it is for."""

_FITTING: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # Its release notes say which TensorFlow a version was tested against, and its code refuses an older one; from 0.24
    # on it imports tf-keras.
    "tensorflow-probability": {
        "1.13": ("==0.6.*",),
        "1.14": ("==0.7.*",),
        "1.15": ("==0.8.*",),
        "2.1": ("==0.9.*",),
        "2.2": ("==0.10.*",),
        "2.3": ("==0.11.*",),
        "2.4": ("==0.12.*",),
        "2.5": ("==0.13.*",),
        "2.6": ("==0.14.*",),
        "2.7": ("==0.15.*",),
        "2.8": ("==0.16.*",),
        "2.9": ("==0.17.*",),
        "2.10": ("==0.18.*",),
        "2.11": ("==0.19.*",),
        "2.12": ("==0.20.*",),
        "2.13": ("==0.21.*",),
        "2.14": ("==0.22.*",),
        "2.15": ("==0.23.*",),
        "2.16": ("==0.24.*", _KERAS_2),
        "2.18": ("==0.25.*", _KERAS_2),
    },
    # Its version.py has the first release that it is for, and the first that it is not, from 0.12 on, and its README
    # before that; 0.23 is the last there is.
    "tensorflow-addons": {
        "2.1": ("==0.9.*",),
        "2.2": ("==0.11.*",),
        "2.3": ("==0.12.*",),
        "2.4": ("==0.14.*",),
        "2.5": ("==0.15.*",),
        "2.6": ("==0.16.*",),
        "2.8": ("==0.18.*",),
        "2.9": ("==0.19.*",),
        "2.10": ("==0.20.*",),
        "2.11": ("==0.21.*",),
        "2.12": ("==0.22.*",),
        "2.13": ("==0.23.*",),
    },
    # Version 5 left its TensorFlow models out; those of 4 are written for Keras 2.
    "transformers": {"2.8": ("<5",), "2.16": ("<5", _KERAS_2)},
}
"""For each package, from which minor release on, its version and what it needs besides."""


def fitting(requirements: tuple[str, ...], tensorflow: str) -> Iterator[str]:
    """Yield what the companions among some requirements need with a TensorFlow such as ``2.16.2``."""
    given = [Requirement(text) for text in requirements]
    said = {canonicalize_name(one.name) for one in given if one.specifier or one.url}
    for name in dict.fromkeys(canonicalize_name(one.name) for one in given):
        if name in _FITTING and name not in said:
            version, *besides = _row(_FITTING[name], tensorflow)
            yield f"{name}{version}"
            yield from (one for one in besides if one not in said)


def _row(rows: Mapping[str, tuple[str, ...]], tensorflow: str) -> tuple[str, ...]:
    """Return the row of the last minor release that is not after a TensorFlow; the first is before all."""
    wanted = Version(tensorflow).release[:2]
    return [row for minor, row in rows.items() if Version(minor).release[:2] <= wanted][-1]
