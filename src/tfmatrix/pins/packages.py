"""The packages whose pins are looked for."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.version import Version

TENSORFLOW = "tensorflow"
"""The name that stands for every distribution of TensorFlow: a project pins all of those it names to one version."""

# Distribution, and the last minor release that has wheels under that name, from its page on the package index;
# tensorflow-gpu 2.12.0 exists and installs nothing.
_LAST_MINOR = {
    "tensorflow": None,
    "tensorflow-cpu": None,
    "tensorflow-cpu-aws": (2, 15),
    "tensorflow-gpu": (2, 11),
    "tensorflow-intel": (2, 18),
    "tensorflow-macos": (2, 16),
}

COMPANIONS = ("keras", "tf-keras", "numpy")
"""What moves with TensorFlow where a project pins it."""

PACKAGES = frozenset((*_LAST_MINOR, *COMPANIONS))
"""What is edited."""

ELSEWHERE = frozenset(("tensorflow-cpu-aws", "tensorflow-intel", "tensorflow-macos"))
"""The distributions that `tensorflow` needs on other machines, so that a lock for all machines has them beside it."""

OTHER_BUILDS = frozenset(
    (
        "_tflow_select", "intel-extension-for-tensorflow", "intel-tensorflow", "intel-tensorflow-avx512",
        "keras-nightly", "libtensorflow", "libtensorflow-cc", "nvidia-tensorflow",
        "tensorflow-aarch64", "tensorflow-base",
        "tensorflow-directml", "tensorflow-directml-plugin", "tensorflow-eigen", "tensorflow-metal", "tensorflow-mkl",
        "tensorflow-rocm", "tf-nightly", "tf-nightly-cpu", "tf-nightly-gpu", "tf-nightly-intel", "tf-nightly-macos",
        "tf-nightly-rocm",
    )
)  # fmt: skip
"""Builds of TensorFlow or Keras, and kernels for it, that no environment of tfmatrix has."""

FURTHER = ("ml-dtypes",)
"""What computes as well, and is never chosen by itself."""

WATCHED = PACKAGES | OTHER_BUILDS | frozenset(FURTHER)
"""What has to be installed as it was compared."""


def family(name: str) -> str:
    """Return what a package is pinned with: ``tensorflow`` for all its distributions, else its own name."""
    return TENSORFLOW if name in _LAST_MINOR else name


def last_minor(name: str, version: str) -> str:
    """Return the last minor release of a distribution, such as ``2.11``, where a version is later, else nothing."""
    last = _LAST_MINOR.get(name)
    if last is None or Version(version).release[:2] <= last:
        return ""
    return f"{last[0]}.{last[1]}"


def by_family(versions: Mapping[str, str]) -> dict[str, str]:
    """Return versions by package as versions by family; two of one family must be the same."""
    found: dict[str, str] = {}
    for name, version in versions.items():
        if found.setdefault(family(name), version) != version:
            raise ValueError(f"two versions of {family(name)}: {found[family(name)]} and {version}")
    return found
