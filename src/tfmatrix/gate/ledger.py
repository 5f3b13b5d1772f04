"""The ledger: differences that somebody looked at and accepted, in a file that is read in a review."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import tomlkit

from tfmatrix.compare.policy import LEVELLED
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.gate import tables

FILE = "tfmatrix-accepted.toml"

SCHEMA = 1

LONGEST = timedelta(days=366)
"""For how long a difference can be accepted: nobody looks twice at what is accepted for good."""

HEADER = (
    "Differences between two TensorFlow releases that somebody looked at and accepted.",
    "`tfmatrix accept` writes a record, `tfmatrix check` reads it: it covers these digests on this machine and nothing",
    "else, and only up to its last day.",
)

_DIGEST = re.compile(r"[0-9a-f]{64}|unsupported")


@dataclass(frozen=True)
class Place:
    """What one record is about: there can be one record for it."""

    start: str
    """Name of the environment that is moved from; ``from`` in the file."""
    to: str
    machine: str
    """Digest of the machine whose bits these are."""
    cell: str
    """Without its environment: ``keras_mlp/tf2``."""
    stage: str
    """Tier and stage, ``native/shuffle``; empty for a cell that exists on one side only."""


@dataclass(frozen=True)
class Bits:
    """The digests that a record covers."""

    baseline: str
    """Of all of the stage's tensors; of a whole cell its trace's, or ``unsupported``."""
    candidate: str
    behind: str = ""
    """Of the stages whose difference is only a consequence of this one; empty where there is none."""


@dataclass(frozen=True)
class Record:
    """One accepted difference."""

    place: Place
    bits: Bits
    verdict: Verdict
    reason: str
    by: str
    on: date
    """The day on which it was accepted."""
    until: date
    """The last day on which it counts."""

    def obstacle(self, bits: Bits, verdict: Verdict, today: date) -> str:
        """Return why it does not cover a difference, or an empty string."""
        if bits != self.bits:
            return f"was accepted on {self.on} with other bits"
        if verdict.severity < self.verdict.severity:
            return f"was accepted on {self.on} as {self.verdict.value}, and is worse now"
        return self.out_of_date(today)

    def out_of_date(self, today: date) -> str:
        """Return why it does not count on a day, or an empty string."""
        if today > self.until:
            return f"was accepted until {self.until}, which is over"
        if today < self.on:
            return f"was accepted on {self.on}, a day that has not come: look at this machine's clock"
        return ""


_KEYS = (
    "from", "to", "machine", "cell", "stage", "verdict", "baseline", "candidate", "behind",
    "reason", "by", "on", "until",
)  # fmt: skip
_OPTIONAL = {"stage", "behind"}
_DAYS = ("on", "until")


def read(path: Path) -> dict[Place, Record]:
    """Return the records of a ledger by what they are about; none where there is no such file.

    Raises ``UserError`` for a file that cannot be read, a key that is unknown or not there, a value that cannot be
    meant, and two records about the same.
    """
    document = tables.read(path, SCHEMA)
    if document is None:
        return {}
    found = document.get("accepted", [])
    if set(document) - {"schema", "accepted"} or not isinstance(found, list):
        raise UserError(f"{path.name} may hold schema and tables [[accepted]], and nothing else.")
    records: dict[Place, Record] = {}
    for number, table in enumerate(found, 1):
        try:
            record = _record(table)
        except ValueError as error:
            raise UserError(f"{path.name}, record {number}: {error}.") from None
        if record.place in records:
            where = f"{record.place.cell} {record.place.stage}".strip()
            raise UserError(f"{path.name}, record {number}: {where} is accepted twice; keep one of the two.")
        records[record.place] = record
    return records


def _record(table: object) -> Record:
    """Return the record of a table; raises ``ValueError`` with what is wrong."""
    if not isinstance(table, Mapping):
        raise ValueError("it must be a table, [[accepted]]")  # noqa: TRY004  # every mistake raises the same
    tables.require_keys(table, _KEYS, _OPTIONAL)
    texts = {key: tables.string(table, key) for key in _KEYS if key in table and key not in _DAYS}
    days = {key: tables.day(table, key) for key in _DAYS}
    for key in ("baseline", "candidate", "behind"):
        if key in texts and not _DIGEST.fullmatch(texts[key]):
            raise ValueError(f"{key} must be a digest of 64 hexadecimal digits")
    if texts["verdict"] not in {verdict.value for verdict in LEVELLED}:
        raise ValueError(f"{texts['verdict']!r} is no verdict that can be accepted")
    if not timedelta() <= days["until"] - days["on"] <= LONGEST:  # to the last day there is no more is added
        raise ValueError(f"until must be at most {LONGEST.days} days after on, and not before it")
    return Record(
        Place(texts["from"], texts["to"], texts["machine"], texts["cell"], texts.get("stage", "")),
        Bits(texts["baseline"], texts["candidate"], texts.get("behind", "")),
        Verdict(texts["verdict"]),
        reason=texts["reason"],
        by=texts["by"],
        **days,
    )


def with_records(path: Path, records: Iterable[Record]) -> tuple[str, str]:
    """Return a ledger's text as it is, empty where there is none, and with some records added.

    A record about the same as one that is there takes its place. Comments and order are kept.
    """
    before = tables.text_of(path)
    places = list(read(path))
    document = tables.parse(before, path.name) if before.strip() else _new_document()
    added = []
    for record in records:
        if record.place in places:
            _replace(document["accepted"][places.index(record.place)], _values(record))
        else:
            added.append(_dumped(record))
    after = tomlkit.dumps(document)
    return before, "\n".join([after.rstrip("\n") + "\n", *added])


def diff(before: str, after: str) -> str:
    """Return what a ledger's change looks like in a review."""
    found = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{FILE}", f"b/{FILE}"
    )
    return "".join(found)


def write(path: Path, after: str) -> None:
    """Write a ledger whole or not at all; raises ``UserError`` where it cannot be."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(after, encoding="utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; nothing was changed.") from None
    finally:
        with suppress(OSError):
            partial.unlink()


def _new_document() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    for line in HEADER:
        document.add(tomlkit.comment(line))
    document.add("schema", tomlkit.item(SCHEMA))
    return document


def _replace(table: MutableMapping[str, Any], values: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in values]:
        del table[key]
    table.update(values)


def _dumped(record: Record) -> str:
    """Return a record as the text of one table."""
    table = tomlkit.table()
    for key, value in _values(record).items():
        table.add(key, value)
    array = tomlkit.aot()
    array.append(table)
    document = tomlkit.document()
    document.add("accepted", array)
    return tomlkit.dumps(document)


def _values(record: Record) -> dict[str, Any]:
    """Return what a record's table has, in the order of the file."""
    place, bits = record.place, record.bits
    values = {
        "from": place.start,
        **{key: getattr(place, key) for key in ("to", "machine", "cell", "stage")},
        "verdict": record.verdict.value,
        **asdict(bits),
        **{key: getattr(record, key) for key in ("reason", "by", "on", "until")},
    }
    return {key: values[key] for key in _KEYS if values[key] or key not in _OPTIONAL}
