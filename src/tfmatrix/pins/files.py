"""The files of a project that may pin TensorFlow: which there are, and what each of them says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.pins import other_files, requirement_files, toml_files
from tfmatrix.pins.document import Document, Encoding, Parser, decode
from tfmatrix.reading import bytes_of


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    parse: Parser
    owner: str = ""
    """The tool that alone writes it; empty where people do."""
    heeds_declaration: bool = False
    """Whether a comment in it may name its encoding."""
    add_lines: Callable[[Document, str, Path], Document] | None = None
    """Adds line numbers, where its parser knows none."""


_REQUIREMENTS = Kind(requirement_files.parse, heeds_declaration=True)

KINDS: tuple[tuple[str, Kind], ...] = (
    ("requirements*.txt", _REQUIREMENTS),
    ("requirements*.in", _REQUIREMENTS),
    ("constraints*.txt", _REQUIREMENTS),
    ("constraints*.in", _REQUIREMENTS),
    ("requirements/*.txt", _REQUIREMENTS),
    ("requirements/*.in", _REQUIREMENTS),
    ("pyproject.toml", Kind(toml_files.parse_pyproject, add_lines=toml_files.with_lines)),
    ("Pipfile", Kind(toml_files.parse_pipfile, add_lines=toml_files.with_lines)),
    ("environment.yml", Kind(other_files.parse_conda)),
    ("environment.yaml", Kind(other_files.parse_conda)),
    ("uv.lock", Kind(toml_files.parse_lock, owner="uv")),
    ("poetry.lock", Kind(toml_files.parse_lock, owner="poetry")),
    ("Pipfile.lock", Kind(other_files.parse_pipfile_lock, owner="pipenv")),
)
"""The patterns of files that are looked for in a project's folder, and what they are."""


@dataclass(frozen=True)
class Source:
    """One file of a project, read."""

    path: Path
    """Absolute."""
    shown: Path
    """Relative to the project's folder, for sentences."""
    kind: Kind
    content: bytes
    text: str
    encoding: Encoding
    document: Document


def read_project(root: Path) -> tuple[Source, ...]:
    """Return every file of a project that is looked for, and those that requirement files name, sorted by path.

    A file under two names is read once. Raises ``UserError`` for one that cannot be read or parsed.
    """
    if not root.is_dir():
        raise UserError(f"{root} is no folder; name a project's.")
    found: dict[Path, Source] = {}
    for path, kind in _known(root.absolute()):
        _read(path, kind, root.absolute(), found)
    return tuple(sorted(found.values(), key=lambda source: source.path))


def _known(root: Path) -> Iterator[tuple[Path, Kind]]:
    for pattern, kind in KINDS:
        for path in sorted(root.glob(pattern)):
            if path.is_file() or path.is_symlink():
                yield path, kind


def _read(path: Path, kind: Kind, root: Path, found: dict[Path, Source], named_by: str = "") -> None:
    """Read a file, and those that it names, into ``found``, where each stands under its real path."""
    real, shown = path.resolve(), Path(os.path.relpath(path, root))
    if real in found:
        return
    try:
        content = bytes_of(path)
    except (OSError, ValueError) as error:
        by = f", which {named_by} names," if named_by else ""
        raise UserError(f"{shown}{by} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    text, encoding = decode(content, shown, declared=kind.heeds_declaration)
    document = kind.parse(text, shown)
    if kind.add_lines:
        document = kind.add_lines(document, text, shown)
    found[real] = Source(path, shown, kind, content, text, encoding, document)
    for name, where in document.named:
        _read(_beside(path, name), _REQUIREMENTS, root, found, named_by=f"{shown}, {where}")


def _beside(path: Path, name: str) -> Path:
    """Return the file that another one names, spelled without ``..`` where that is the same file."""
    plain = path.parent / name
    tidy = Path(os.path.normpath(plain))
    return tidy if tidy.resolve() == plain.resolve() else plain
