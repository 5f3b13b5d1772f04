"""A package index of empty wheels with the metadata of real ones, so that what is resolved needs no network."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

KERAS = ["2.9.0", "2.11.0", "2.12.0", "2.13.1", "2.14.0", "2.15.0", "3.5.0", "3.12.0"]
NUMPY = ["1.22.4", "1.23.5", "1.24.3", "1.26.4", "2.2.6"]

_TENSORFLOW: Mapping[str, list[str]] = {
    "2.9.3": ["keras<2.10.0,>=2.9.0rc0", "numpy>=1.20"],
    "2.11.1": ["keras<2.12,>=2.11.0", "numpy>=1.20"],
    "2.12.0": ["keras<2.13,>=2.12.0", "numpy<1.24,>=1.22"],
    "2.12.1": ["keras<2.13,>=2.12.0", "numpy<1.24,>=1.22"],
    "2.13.1": ["keras<2.14,>=2.13.1", "numpy<=1.24.3,>=1.22"],
    "2.14.1": ["keras<2.15,>=2.14.0", "numpy<2.0.0,>=1.23.5"],
    "2.15.0": ["keras<2.16,>=2.15.0", "numpy<2.0.0,>=1.23.5"],
    "2.15.1": ["keras<2.16,>=2.15.0", "numpy<2.0.0,>=1.23.5"],
    "2.16.2": ["keras>=3.0.0", "numpy<2.0.0,>=1.23.5"],
    "2.17.1": ["keras>=3.2.0", "numpy<2.0.0,>=1.23.5"],
    "2.21.0": ["keras>=3.12.0", "numpy>=1.26.0"],
}
"""What a release needs of what is watched."""

_OTHERS: Mapping[str, Mapping[str, list[str]]] = {
    "intel-tensorflow": {"2.12.0": _TENSORFLOW["2.12.0"], "2.15.0": _TENSORFLOW["2.15.0"]},
    "keras-cv": {"0.9.0": ["numpy"]},
    "pytest": {"8.4.0": []},
    "requests": {"2.31.0": [], "2.34.2": []},
    "rich": {"13.7.0": [], "14.2.0": []},
    "tensorflow-gpu": {version: _TENSORFLOW[version] for version in ("2.9.3", "2.11.1")},
    "tensorflow-rocm": {"2.12.0.560": _TENSORFLOW["2.12.0"], "2.15.0.0": _TENSORFLOW["2.15.0"]},
    "tensorflow-text": {f"{minor}.0": [f"tensorflow<{minor}.99,>={minor}.0"] for minor in ("2.12", "2.15")},
    "tf-keras": {"2.15.0": ["tensorflow<2.16,>=2.15"], "2.16.0": ["tensorflow<2.17,>=2.16"]},
    "tf-nightly": {"2.22.0.dev20261101": _TENSORFLOW["2.21.0"]},
}


def write_index(folder: Path) -> str:
    """Write the index into a folder, and return its address."""
    plain: Mapping[str, Mapping[str, list[str]]] = {
        "keras": {each: [] for each in KERAS},
        "numpy": {each: [] for each in NUMPY},
    }
    for name, versions in {**plain, **_OTHERS}.items():
        _write(folder, name, versions)
    _write(folder, "tensorflow-cpu", _TENSORFLOW)
    beside = {"tensorflow-intel": "win32", "tensorflow-macos": "darwin"}
    _write(
        folder,
        "tensorflow",
        {
            version: [*needs, *(f'{name}=={version}; sys_platform == "{system}"' for name, system in beside.items())]
            for version, needs in _TENSORFLOW.items()
        },
    )
    for name in beside:
        _write(folder, name, _TENSORFLOW)
    return folder.absolute().as_uri()


def write_wheel(folder: Path, name: str, version: str, needs: Iterable[str] = ()) -> Path:
    """Write one wheel that holds nothing, and return its path."""
    spelled = f"{name.replace('-', '_')}-{version}"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {each}" for each in needs)]
    path = folder / f"{spelled}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{spelled}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{spelled}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{spelled}.dist-info/RECORD", "")
    return path


def _write(folder: Path, name: str, versions: Mapping[str, list[str]]) -> None:
    """Write a package's wheels, and its page."""
    page = folder / name
    page.mkdir(parents=True)
    wheels = [write_wheel(page, name, version, needs) for version, needs in versions.items()]
    links = "".join(f'<a href="{wheel.name}">{wheel.name}</a>\n' for wheel in wheels)
    (page / "index.html").write_text(links, encoding="utf-8")
