"""The files of a project that may pin TensorFlow: which there are, and what each of them says."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.pins import looking, other_files, requirement_files, toml_files
from tfmatrix.pins.document import Document, Encoding, Looking, Parser, Unread, decode
from tfmatrix.reading import bytes_of


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    parse: Parser
    installs: str
    """How `sets` says what is installed from it."""
    owner: str = ""
    """The tool that alone writes it; empty where people do."""
    heeds_declaration: bool = False
    """Whether a comment in it may name its encoding."""
    add_lines: Callable[[Document, str, Path], Document] | None = None
    """Adds line numbers, where its parser knows none."""


REQUIREMENTS = Kind(requirement_files.parse, "requirements", heeds_declaration=True)
PROJECT = Kind(toml_files.parse_pyproject, "project", add_lines=toml_files.with_lines)
PIPFILE = Kind(toml_files.parse_pipfile, "pipfile", add_lines=toml_files.with_lines)
CONDA = Kind(other_files.parse_conda, "conda")

KINDS: tuple[tuple[str, Kind], ...] = (
    ("*requirements*.txt", REQUIREMENTS),
    ("*requirements*.in", REQUIREMENTS),
    ("*constraints*.txt", REQUIREMENTS),
    ("*constraints*.in", REQUIREMENTS),
    ("requirements/**/*.txt", REQUIREMENTS),
    ("requirements/**/*.in", REQUIREMENTS),
    ("requirements*.lock", REQUIREMENTS),  # of Rye
    ("pyproject.toml", PROJECT),
    ("Pipfile", PIPFILE),
    ("environment*.yml", CONDA),
    ("environment*.yaml", CONDA),
    ("uv.lock", Kind(toml_files.parse_lock, "uv", owner="uv")),
    ("poetry.lock", Kind(toml_files.parse_lock, "lock", owner="poetry")),
    ("Pipfile.lock", Kind(other_files.parse_pipfile_lock, "lock", owner="pipenv")),
    ("pdm.lock", Kind(toml_files.parse_lock, "lock", owner="pdm")),
    ("pylock.toml", Kind(toml_files.parse_pylock, "lock", owner="pylock")),
    ("pylock.*.toml", Kind(toml_files.parse_pylock, "lock", owner="pylock")),
)
"""The files of a project's folder that are read, by pattern; those without an owner are edited as well."""

_TABLES = ("*.toml",)
_REQUIREMENTS = ("*requirements*.txt", "*requirements*.in", "*constraints*.txt")
_TEXTS = ("*.txt", "*.in", "*.pip")
_NAMED = (
    "*.bash", "*.bat", "*.cfg", "*.cmd", "*.dockerfile", "*.lock", "*.nix", "*.ps1", "devcontainer.json",
    "*.ipynb", "*.mk", "*.sh", "*.yaml", "*.yml",
    "[Cc]ontainerfile*", "[Dd]ockerfile*", "[Jj]ustfile", "Jenkinsfile*", "[Mm]akefile", "Pipfile*", "*.def",
    "noxfile.py", "setup.py", "tasks.py", "tox.ini",
)  # fmt: skip
LOOKED_AT: tuple[tuple[str, Looking], ...] = (
    *((pattern, looking.in_toml) for pattern in _TABLES),
    *((pattern, looking.in_lines) for pattern in _REQUIREMENTS),
    *((pattern, looking.in_any_text) for pattern in _TEXTS),
    *((pattern, looking.in_lines) for pattern in _NAMED),
)
"""The names of files, in whatever folder, that are only looked at for a mention of TensorFlow."""

PYTHON_FILE = ".python-version"
"""Says which Python a project is used with."""

_OUTSIDE = frozenset(
    (
        ".cache", ".conda", ".direnv", ".eggs", ".git", ".hypothesis", ".idea", ".ipynb_checkpoints", ".mypy_cache",
        ".nox", ".pixi", ".pytest_cache", ".ruff_cache", ".tfmatrix", ".tox", ".venv", ".vscode", "__pycache__",
        "node_modules", "site-packages",
    )
)  # fmt: skip
"""Folders of what tools, and what was installed, left."""


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


@dataclass(frozen=True)
class Looked:
    """A file of a project that is not read, and mentions TensorFlow or a version of what moves with it."""

    shown: Path
    content: bytes
    said: tuple[Unread, ...]


def read_project(root: Path, ignored: Collection[str] = ()) -> tuple[Source, ...]:
    """Return every file of a project that is looked for, and those that requirement files name, sorted by path.

    A file under two names is read once; one that a pattern of ``ignored`` fits is not.
    Raises ``UserError`` for one that cannot be read or parsed.
    """
    if not root.is_dir():
        raise UserError(f"{root} is no folder; name a project's.")
    found: dict[Path, Source] = {}
    for path, kind in _known(root.absolute()):
        if not is_ignored(path.relative_to(root.absolute()), ignored):
            _read(path, kind, root.absolute(), found)
    return tuple(sorted(found.values(), key=lambda source: source.path))


def look_around(root: Path, read: Iterable[Source], ignored: Collection[str] = ()) -> tuple[Looked, ...]:
    """Return what the files that are not read say of TensorFlow, for each of them that says something.

    A file of any kind that a line of these names with ``-r`` or ``-c`` is looked at as a requirement file is.
    Raises ``UserError`` for one that cannot be read.
    """
    known = {source.path for source in read}
    around = [path for path in _around(root.absolute()) if path not in known]
    texts: dict[Path, tuple[Looking, bytes]] = {}
    for path in around:
        how = next((how for pattern, how in LOOKED_AT if fnmatchcase(path.name, pattern)), None)
        if how and not is_ignored(path.relative_to(root.absolute()), ignored) and _may_hold(path, how):
            texts[path] = how, _content(path, root)
    named = {name for how, content in texts.values() if how is looking.in_lines for name in looking.files_in(content)}
    for path in around:
        if path.name in named and not is_ignored(path.relative_to(root.absolute()), ignored):
            texts[path] = looking.in_lines, _content(path, root)
    found = []
    for path, (how, content) in sorted(texts.items()):
        shown = path.relative_to(root.absolute())
        if said := tuple(dict.fromkeys(how(content.decode("utf-8", "replace"), shown))):
            found.append(Looked(shown, content, said))
    return tuple(found)


def _may_hold(path: Path, how: Looking) -> bool:
    """Return whether a text of any kind is short enough to hold requirements; a longer one is data."""
    return how is not looking.in_any_text or path.stat().st_size <= looking.LONGEST


def _content(path: Path, root: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        shown = path.relative_to(root.absolute())
        raise UserError(f"{shown} cannot be read: {error.strerror or error}.") from None


def is_ignored(shown: Path, ignored: Collection[str]) -> bool:
    """Return whether one of the patterns fits a file's path within the project, or a folder above it."""
    return any(
        fnmatchcase(each.as_posix(), pattern.rstrip("/")) for pattern in ignored for each in (shown, *shown.parents)
    )


def _around(root: Path) -> Iterator[Path]:
    """Yield every file of a project, and not those of other projects, of environments and of what tools left."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_outside(here / name))
        yield from (here / name for name in sorted(names) if (here / name).is_file())


def _is_outside(folder: Path) -> bool:
    return (
        folder.name in _OUTSIDE
        or any((folder / name).exists() for name in ("pyvenv.cfg", "conda-meta", ".git"))
        or _is_project(folder / "pyproject.toml")
    )


def _is_project(path: Path) -> bool:
    """Return whether a pyproject.toml is that of another project of tfmatrix, which looks at its own files."""
    try:
        return "[tool.tfmatrix" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


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
        _read(_beside(path, name), REQUIREMENTS, root, found, named_by=f"{shown}, {where}")


def _beside(path: Path, name: str) -> Path:
    """Return the file that another one names, spelled without ``..`` where that is the same file."""
    plain = path.parent / name
    tidy = Path(os.path.normpath(plain))
    return tidy if tidy.resolve() == plain.resolve() else plain
