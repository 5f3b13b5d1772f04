"""Writing a report's files: its JSON, and its page in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from tfmatrix.errors import UserError
from tfmatrix.report import document
from tfmatrix.report.blocks import Document
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import Report

R = TypeVar("R", bound=Report)

DATABASE = b"SQLite format 3\0"
"""What every database of SQLite begins with."""

FORMATS: Mapping[str, Callable[[Document], str]] = {"md": to_markdown}
"""What a page is written as, by the ending of the file."""


def write_report(folder: Path, name: str, report: R, page: Callable[[R], Document]) -> tuple[R, Path]:
    """Write every file of a report, and return it under its id, with the path of its Markdown.

    Raises ``UserError`` where the folder cannot be written.
    """
    _require_no_database(folder, [name + ending for ending in (".json", *(f".{ending}" for ending in FORMATS))])
    with writable(folder):
        with writing_whole(folder / f"{name}.json") as file:
            report = document.write(report, file)
        for ending, written in FORMATS.items():
            write_whole(folder / f"{name}.{ending}", written(page(report)))
    return report, folder / f"{name}.md"


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make a folder for what is written within; raises ``UserError`` where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error


@contextmanager
def writing_whole(path: Path) -> Iterator[TextIO]:
    """Open a file that gets its name when all of it is written."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        yield file
    partial.replace(path)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with writing_whole(path) as file:
        file.write(text)


def _require_no_database(folder: Path, names: Iterable[str]) -> None:
    """Raise ``UserError`` where a database has the name of a report's file, the store for example."""
    for path in (folder / name for name in names):
        if path.is_file() and _begins_with(path, DATABASE):
            raise UserError(
                f"{path} is a database, which a report would replace; have `store` or `reports` name another place."
            )


def _begins_with(path: Path, content: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(content)) == content
