"""What every kind of file is read as: its text, all its values, and those that speak of the packages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from tfmatrix.errors import UserError
from tfmatrix.pins.syntax import Malformed, Reading, Syntax, occurrences

Keys = tuple[str | int, ...]
"""The way to a value: keys of tables and places in lists."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OPENING, _CLOSING = ("'", '"', "\n"), ("'", '"')
"""What may stand before and behind a string: a string of three quotes may begin on the next line."""

_DECLARED = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263, which pip obeys


@dataclass(frozen=True)
class Encoding:
    """How a file's text is stored."""

    mark: bytes = b""
    codec: str = "utf-8"

    def encode(self, text: str) -> bytes:
        """Return a file's bytes."""
        return self.mark + text.encode(self.codec)


@dataclass(frozen=True)
class Hash:
    """Where one hash of a requirement stands in its file's text."""

    start: int
    """Where its option begins, ``--hash=sha256:...``."""
    value: tuple[int, int]
    """Where ``sha256:...`` begins and ends."""
    end: int
    """Behind the option, and behind the quote where the hash is quoted."""


@dataclass(frozen=True)
class Mention:
    """A value that says of one of the packages which version it is to be."""

    name: str
    """Canonical."""
    where: str
    """``line 12`` or ``project.dependencies[3]``."""
    keys: Keys
    written: str
    syntax: Syntax
    span: tuple[int, int]
    """The part of the file's text that holds it."""
    quoted: bool = False
    """Whether it is a string whose characters follow each other in the text, between quotes, as in TOML."""
    hashes: tuple[Hash, ...] = ()
    lead: int = 0
    """Where what parts the first hash from what is before it begins."""

    @property
    def reading(self) -> Reading:
        """What the value says."""
        return self.syntax(self.written)


@dataclass(frozen=True)
class Unread:
    """A place in a file that is looked at and not read."""

    place: str
    """File and line, or file and key."""
    name: str
    """Canonical name of a companion; empty for TensorFlow, which counts whatever is said of it."""
    says: str
    """A version, a specifier, or the name alone."""

    @property
    def sentence(self) -> str:
        """Return what is the matter, without a full stop."""
        if self.name:
            return f"{self.place}, says {self.name}{self.says}"
        return f"{self.place}, {'pins' if self.says[:1].isdigit() else 'names'} {self.says} and is not compared"

    def admits(self, version: str) -> bool:
        """Return whether a companion's version is one of those that are said."""
        return SpecifierSet(self.says).contains(version, prereleases=True)


@dataclass(frozen=True)
class Locked:
    """A package of a lock."""

    name: str
    """Canonical."""
    version: str
    """Empty where an address or a path stands in its place."""
    address: str = ""
    markers: tuple[str, ...] = ()
    """It is installed where one of them is true, or where there is none."""
    where: str = ""


@dataclass(frozen=True)
class Document:
    """A file, parsed."""

    leaves: Mapping[Keys, str]
    """Every value: that of a string is the string, that of anything else its `repr`."""
    mentions: tuple[Mention, ...]
    named: tuple[tuple[str, str], ...] = ()
    """The files that it names with ``-r`` and ``-c``, each with the place that names it."""
    constraining: frozenset[str] = frozenset()
    """Those of them that it names with ``-c``."""
    remote: tuple[tuple[str, str], ...] = ()
    """The addresses that it names so, which are nobody's files, each with its place."""
    rests_on_more: bool = False
    """Whether it names folders or archives, which say what they need themselves."""
    pythons: tuple[tuple[str, str], ...] = ()
    """The Pythons that it allows, as specifiers, each with its place."""
    unread: tuple[Unread, ...] = ()
    """What it says of TensorFlow where tfmatrix does not read it."""
    locked: tuple[Locked, ...] = ()
    """Every package of a lock."""
    whole: bool = False
    """Whether every package that is installed stands in it, at one version."""


Looking = Callable[[str, Path], Iterator[Unread]]
"""Looks at the text of a file that is not read."""

Parser = Callable[[str, Path], Document]
"""Parses the text of a file; raises `UserError` that names the file, and the line where it is known."""


def decode(content: bytes, path: Path, *, declared: bool = False) -> tuple[str, Encoding]:
    """Return the text of a file and how it is stored.

    ``declared`` heeds a comment such as ``# coding: latin-1`` in the first two lines.
    Raises ``UserError`` where it is not text, naming the line.
    """
    encoding = next((Encoding(mark, codec) for mark, codec in _MARKS if content.startswith(mark)), Encoding())
    if declared and not encoding.mark:
        comments = content.split(b"\n", 2)[:2]
        names = [found[1] for each in comments if (found := _DECLARED.match(each.decode("ascii", "replace")))]
        encoding = Encoding(codec=_known(names[0], path)) if names else encoding
    try:
        text = content[len(encoding.mark) :].decode(encoding.codec)
        unchanged = encoding.encode(text) == content
    except UnicodeError as error:
        line = content.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise UserError(f"{path}, line {line}: this is no {encoding.codec} text; mend the file.") from None
    if not unchanged:
        raise UserError(
            f"{path}: as {encoding.codec} text this file cannot be written back unchanged; save it as UTF-8."
        )
    for strange, told in _STRANGE.items():
        if found := strange.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise UserError(f"{path}, line {line}: there is {told}, which no such file has; mend the file.")
    return text, encoding


_STRANGE = {
    re.compile("\0"): "a NUL character",
    re.compile("[0-9A-Fa-f_]{1000}"): "a number of a thousand digits",  # of more, Python makes none
}
"""What no file has that names packages, and what it is called."""


def _known(codec: str, path: Path) -> str:
    try:
        b" ".decode(codec, "ignore")  # rot13, for one, is a codec and no encoding
        return codecs.lookup(codec).name
    except LookupError:
        raise UserError(f"{path}: its comment names the encoding {codec!r}, which does not exist; mend it.") from None


def places(text: str, piece: str, mention: Mention) -> Iterator[int]:
    """Yield where a piece of a mention's value may stand in a file's text."""
    # To try a place is to parse the file, so where the neighbours of a piece are known they are looked at first.
    around = [_neighbours(mention.written, at, piece) for at in occurrences(mention.written, piece)]
    for place in occurrences(text, piece, *mention.span):
        before, behind = _neighbours(text, place, piece)
        fits = any(before in (left or _OPENING) and behind in (right or _CLOSING) for left, right in around)
        if fits or not mention.quoted:
            yield place


def _neighbours(text: str, at: int, piece: str) -> tuple[str, str]:
    end = at + len(piece)
    return text[max(at - 1, 0) : at], text[end : end + 1]


def leaves_of(value: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield every value of nested tables and lists; an empty table or list is a value too."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves_of(inner, (*keys, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for at, inner in enumerate(value):
            yield from leaves_of(inner, (*keys, at))
    else:
        yield keys, value if isinstance(value, str) else repr(value)


def spelled(keys: Keys) -> str:
    """Return the way to a value as people write it: ``project.dependencies[3]``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


def checked(syntax: Syntax, written: str, path: Path, where: str) -> Reading:
    """Return what a value says; raises ``UserError``, naming file and place, where it is malformed."""
    try:
        return syntax(written)
    except Malformed as error:
        raise UserError(f"{path}, {where}: {written!r} cannot be read ({error}); mend it.") from None
