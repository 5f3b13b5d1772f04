"""Writing a report's files: its JSON, and its page in every format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec

from tfmatrix.errors import UserError
from tfmatrix.report import document
from tfmatrix.report.blocks import Document
from tfmatrix.report.document import ID_DIGITS
from tfmatrix.report.html import to_html
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import Report

R = TypeVar("R", bound=Report)

Pictures = Callable[[R], Mapping[str, str]]
"""From a report to its pictures, by their paths from its JSON."""

DATABASE = b"SQLite format 3\0"
"""What every database of SQLite begins with."""

FORMATS: Mapping[str, Callable[[Document, Mapping[str, str]], str]] = {
    "md": lambda document, _: to_markdown(document),
    "html": to_html,
}
"""What a page is written as, given the pictures beside it, by the ending of the file."""


NO_ID = "0" * ID_DIGITS
"""What stands in a page in the place of the id while its digest is taken: the id is known once the digest is."""

PLACE = "\ufdd0" * ID_DIGITS
"""What stands there before: Unicode keeps this character for use within a program, so no name of a model has it."""


def texts_of(name: str, report: R, page: Callable[[R], Document], pictures: Pictures[R]) -> dict[str, str]:
    """Return the text of every file beside a report's JSON by its path from there, with `PLACE` for the report's id."""
    blank = msgspec.structs.replace(report, id=PLACE)
    document, beside = page(blank), pictures(blank)
    pages = {f"{name}.{ending}": written(document, beside) for ending, written in FORMATS.items()}
    return {**pages, **beside}


def covering(report: R, texts: Mapping[str, str]) -> R:
    """Return a report that says what the files beside it hold, so that its id covers them too."""
    files = {name: _digest(text.replace(PLACE, NO_ID).encode("utf-8")) for name, text in texts.items()}
    return msgspec.structs.replace(report, files=files)


def is_of(content: bytes, report: Report, name: str) -> bool:
    """Return whether a file beside a report's JSON holds what the report says."""
    without_id = content.replace(report.id.encode("ascii"), NO_ID.encode("ascii"), 1)
    return report.files.get(name) in {_digest(content), _digest(without_id)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def no_pictures(_: object) -> Mapping[str, str]:
    """Return the pictures of a report that has none."""
    return {}


def write_report(
    folder: Path, name: str, report: R, page: Callable[[R], Document], pictures: Pictures[R] = no_pictures
) -> tuple[R, Path]:
    """Write every file of a report, and return it under its id, with the path of its Markdown.

    Raises ``UserError`` where the folder cannot be written, or a database lies in the place of a file.
    """
    texts = texts_of(name, report, page, pictures)
    _require_no_database(folder / file for file in (f"{name}.json", *texts))
    with writable(folder):
        with writing_whole(folder / f"{name}.json") as file:
            report = document.write(covering(report, texts), file)
        for path, text in texts.items():
            (folder / path).parent.mkdir(exist_ok=True)
            write_whole(folder / path, text.replace(PLACE, report.id))
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


def _require_no_database(paths: Iterable[Path]) -> None:
    """Raise ``UserError`` where a database lies in the place of a report's file, the store for example."""
    for path in paths:
        if path.is_file() and _begins_with(path, DATABASE):
            raise UserError(
                f"{path} is a database, which a report would replace; have `store` or `reports` name another place."
            )


def _begins_with(path: Path, content: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(content)) == content
