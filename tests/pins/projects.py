"""Projects of a few files, and the versions that they are pinned to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfmatrix import pins
from tfmatrix.pins.files import read_project
from tfmatrix.pins.finding import pins_of

NEW = {"tensorflow": "2.21.0", "keras": "3.12.0", "tf-keras": "2.21.0", "numpy": "2.2.6"}
"""What the tests pin."""

HASHES = {
    name: [f"sha256:{digit * 64}" for digit in digits] for name, digits in {"tensorflow": "bc", "numpy": "d"}.items()
}
OLD_HASH = f"sha256:{'a' * 64}"


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, text as UTF-8 and with its line ends as they are."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def read(root: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def find_pins(root: Path) -> tuple[pins.Pin, ...]:
    """Return every exact pin in a project's files."""
    return tuple(pin for source in read_project(root) for pin in pins_of(source))


def found(root: Path) -> list[tuple[str, str, str, str]]:
    """Return the pins of a project, each as file, place, name and version."""
    return [(str(pin.path.relative_to(root)), pin.where, pin.name, pin.version) for pin in find_pins(root)]


def repin(root: Path, content: str | bytes, name: str = "requirements.txt") -> str:
    """Write one file, pin the new versions in it, and return what it holds then."""
    write(root, {name: content})
    pins.apply(pins.plan_changes(root, NEW, HASHES))
    return (root / name).read_bytes().decode()
