"""Hold thirty random rows of the atlas at each boundary against plain scripts, and write `reports/atlas-rows.md`.

``python -m truth.atlas_rows`` in the tests' folder. Half of the rows are of ops, which `atlas_ops` runs, and half of
Keras, which `atlas_keras` runs; up to half of each are rows that changed. A row is right where the plain scripts' bits
are the same in both releases as the atlas says, or differ, and lie as far apart, within a hundredth.
"""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from known.running import environment_of, installed
from tfmatrix.questions.atlas.judge import (
    CAME,
    DEFAULT,
    GONE,
    MEANING,
    NEW,
    RAISES,
    RANDOM,
    REDRAWN,
    ROUNDING,
    RUNS,
    WENT,
)
from tfmatrix.questions.atlas.plan import BEHAVIOUR, part_of
from tfmatrix.records import Launch
from tfmatrix.report.blocks import Code, Document, Heading, Listing, Text, bullets, paragraph, table
from tfmatrix.report.markdown import to_markdown
from tfmatrix.runner import launching

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ATLAS = ROOT / "reports" / "atlas.json"
REPORT = ROOT / "reports" / "atlas-rows.md"
PROBE = ROOT / "src" / "tfmatrix" / "probe"
EACH = 15
"""Rows of ops, and rows of Keras, that are looked at of each boundary."""

SAME, ABSENT = "same", "absent"
WORDS = {DEFAULT, CAME, WENT}
TOLD = {SAME, ROUNDING, MEANING, RANDOM, RAISES, RUNS, NEW, GONE, REDRAWN, *WORDS}
"""What the atlas may say of a row that is looked at: it is unstable, or was given something else, in others."""

MOST_ULP, MOST_EPS = 64, 16
"""Up to what a difference is rounding: decision 0036, and no import, so that a bound moved by mistake is seen."""

Bits = tuple[str, tuple[int, ...], bytes]
Found = Mapping[str, Any]
"""Of each row what a release makes of it: bits by name, or a text that it raises."""


class Row(NamedTuple):
    """One row at one boundary, as the atlas has it."""

    before: str
    after: str
    name: str
    """Without ``/gradient``, where it is of one."""
    gradient: bool
    said: tuple[Mapping[str, Any], ...]
    """The atlas's steps; none where it is the same."""

    @property
    def kinds(self) -> set[str]:
        """Return what the atlas says of it."""
        return {one["kind"] for one in self.said} or {SAME}

    @property
    def is_of_keras(self) -> bool:
        """Return whether it is of Keras, and not of an op."""
        return self.name.startswith("keras.")


def rows_of(report: Mapping[str, Any]) -> Iterator[Row]:
    """Yield every row at every boundary that can be looked at."""
    for at, (before, after) in enumerate(pairwise(report["releases"])):
        for row in report["rows"]:
            letters = row["letters"][at : at + 2]
            if part_of(row["op"]) == BEHAVIOUR:  # a piece of Python is a plain script itself
                continue
            if not {"?", "~", "x"}.isdisjoint(letters) or letters in (["-", "-"], ["!", "!"]):
                continue
            types = f"[{row['types']}]" if row["types"] else ""
            said = tuple(one for one in row.get("steps", ()) if one["after"] == after)
            found = Row(before, after, f"{row['op']}{types}/{row['case']}", row.get("gradient", False), said)
            if found.kinds <= TOLD:
                yield found


def chosen(rows: Sequence[Row], of_keras: set[str]) -> Iterator[Row]:
    """Yield the rows of each boundary that are looked at: of Keras those that the plain script has."""
    for boundary in dict.fromkeys((row.before, row.after) for row in rows):
        here = [row for row in rows if (row.before, row.after) == boundary]
        for keras in (False, True):
            some = [row for row in here if row.is_of_keras == keras and (not keras or full_name(row) in of_keras)]
            stream = np.random.RandomState(zlib.crc32(f"{boundary} {keras}".encode("ascii")))
            moved, same = ([row for row in some if bool(row.said) == changed] for changed in (True, False))
            first = [moved[at] for at in stream.permutation(len(moved))[: EACH // 2]]
            yield from first
            yield from (same[at] for at in stream.permutation(len(same))[: EACH - len(first)])


def full_name(row: Row) -> str:
    """Return what the plain script of Keras calls a row."""
    return f"{row.name}/gradient" if row.gradient else row.name


class Checked(NamedTuple):
    """What the plain scripts found of a row."""

    row: Row
    kind: str
    """How it lies to the row of the release before; of arguments the names of those that are others."""
    eps: float | None
    """The largest difference, in eps of the largest element, where that can be told."""

    @property
    def is_right(self) -> bool:
        """Return whether the atlas says the same."""
        if self.row.kinds <= WORDS:
            return self.kind == ", ".join(sorted(one["what"] for one in self.row.said))
        (kind,) = self.row.kinds
        if kind in (RANDOM, REDRAWN):
            return self.kind in (ROUNDING, MEANING)
        if self.kind != kind:
            return False
        far = self.row.said[0].get("scaled_error") if self.row.said else None
        if far is None or self.eps is None:
            return True
        return float(far) == self.eps or abs(float(far) - self.eps) <= 0.01 * max(float(far), self.eps)


def outcome(row: Row, before: Found, after: Found) -> tuple[str, float | None]:
    """Return how a row of one release lies to that of the other, by the plain scripts, and how far apart in eps."""
    a, b = (_part(found.get(full_name(row) if row.is_of_keras else row.name), row) for found in (before, after))
    if isinstance(a, str) and isinstance(b, str):
        return SAME, None
    if None in (a, b) and not row.gradient:  # no gradient is there where the row itself raises
        return (NEW if a is None else GONE), None
    if isinstance(a, str) or isinstance(b, str):
        return (RUNS if isinstance(a, str) else RAISES), None
    # What takes no argument by name is there all the same; an op has outputs, or a gradient, or is not.
    absent = [one is None if row.is_of_keras else not one for one in (a, b)]
    if any(absent):
        return (ABSENT if all(absent) else NEW if absent[0] else GONE), None
    if row.name.endswith("/arguments"):
        return (SAME if a == b else ", ".join(sorted(at for at in {*a, *b} if a.get(at) != b.get(at)))), None
    return _apart(a, b, row)


def _part(found: Any, row: Row) -> Any:
    """Return what of a row's outputs and gradients is asked for."""
    if not isinstance(found, Mapping):
        return found
    if row.is_of_keras:
        return {at: re.sub(" at 0x[0-9a-f]+", "", one) if isinstance(one, str) else one for at, one in found.items()}
    return {at: one for at, one in found.items() if at.startswith("gradient/") == row.gradient}


def _apart(a: Mapping[str, Bits], b: Mapping[str, Bits], row: Row) -> tuple[str, float | None]:
    if set(a) != set(b):
        return MEANING, None
    differing = [at for at in a if a[at] != b[at]]
    if not differing:
        return SAME, None
    told = [_distance(a[at], b[at]) for at in differing]
    if row.gradient and row.is_of_keras:
        none = [all(_is_nothing(side[at], side.values()) for side in (a, b)) for at in differing]
        told = [one for one, nothing in zip(told, none, strict=True) if not nothing or one[0] == ROUNDING]
    if not told:
        return ROUNDING, None
    return max(told, key=lambda one: (one[0] == MEANING, one[1] or 0.0))


def _distance(a: Bits, b: Bits) -> tuple[str, float | None]:
    """Return whether two arrays differ by rounding, and the largest difference in eps of the largest element."""
    if a[:2] != b[:2] or _dtype(a[0]).kind not in "fcV":
        return MEANING, None
    x, y = (np.frombuffer(one[2], _dtype(one[0])).reshape(one[1]) for one in (a, b))
    if x.dtype.kind == "c":
        x, y = (np.stack([one.real, one.imag]) for one in (x, y))
    wide = [one.astype(np.float64) for one in (x, y)]
    if any(not np.array_equal(test(wide[0]), test(wide[1])) for test in (np.isnan, np.isposinf, np.isneginf)):
        return MEANING, None
    finite = np.isfinite(wide[0])
    p, q = (one[finite] for one in wide)
    off, largest = float(np.abs(p - q).max(initial=0.0)), float(np.abs(p).max(initial=0.0))
    eps = off / (_eps(x.dtype) * largest) if largest else (np.inf if off else 0.0)
    places = [_place(one[finite]) for one in (x, y)]
    ulps = max((abs(int(m) - int(n)) for m, n in zip(*places, strict=True)), default=0)
    return (ROUNDING if ulps <= MOST_ULP or eps <= MOST_EPS else MEANING), eps


def _place(array: Any) -> Any:
    """Return the place of each float among all of its type, both zeros at 0."""
    whole = array.view(f"int{array.dtype.itemsize * 8}").astype(np.int64)
    lowest = -(2 ** (array.dtype.itemsize * 8 - 1))
    return np.where(whole < 0, lowest - whole, whole)


def _is_nothing(one: Bits, every: Any) -> bool:
    """Return whether a gradient is zero but for rounding, by the largest of all."""
    sizes = [float(np.abs(np.frombuffer(each[2], _dtype(each[0])).astype(np.float64)).max(initial=0)) for each in every]
    own = float(np.abs(np.frombuffer(one[2], _dtype(one[0])).astype(np.float64)).max(initial=0))
    return own <= MOST_EPS * _eps(_dtype(one[0])) * max(sizes)


def _eps(dtype: Any) -> float:
    return float(ml_dtypes.finfo(dtype).eps)  # type: ignore[no-untyped-call]


def _dtype(name: str) -> Any:
    if name == "string":
        return np.dtype("S1")
    return np.dtype(getattr(ml_dtypes, name.replace("qu", "u").removeprefix("q"), None) or name.removeprefix("q"))


def run(release: str, script: str, *arguments: str, folder: Path) -> None:
    """Run a script in a release's environment; raise RuntimeError with what it wrote where it fails."""
    variables = launching.variables(Launch(), environment_of(release), "0", folder)
    command = [installed(release).interpreter, str(HERE / script), *arguments]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=dict(variables))
    if ran.returncode:
        raise RuntimeError(f"{script} failed in {release}:\n{ran.stderr[-2000:]}")


def measured(report: Mapping[str, Any], folder: Path) -> Iterator[Checked]:
    """Yield each row that is looked at, and what the plain scripts found of it."""
    rows, of_keras = list(rows_of(report)), {}
    for release in report["releases"]:
        run(release, "atlas_keras.py", str(folder / "keras"), folder=folder)
        of_keras[release] = pickle.loads((folder / "keras").read_bytes())
    looked_at = list(chosen(rows, {name for one in of_keras.values() for name in one}))
    for before, after in pairwise(report["releases"]):
        here = [row for row in looked_at if (row.before, row.after) == (before, after)]
        of_ops = _of_ops([row for row in here if not row.is_of_keras], before, after, folder)
        for row in here:
            yield Checked(row, *outcome(row, *((of_keras[before], of_keras[after]) if row.is_of_keras else of_ops)))


def _of_ops(rows: Sequence[Row], before: str, after: str, folder: Path) -> list[Found]:
    """Return what two releases make of the same calls, as the older one has them; the newer one where that has none."""
    asked, calls, results = (folder / name for name in ("rows", "calls", "results"))
    asked.write_text("\n".join(sorted({row.name for row in rows})), encoding="utf-8")
    known: dict[str, Any] = {}
    for release in (after, before):
        run(release, "atlas_inputs.py", str(PROBE), str(asked), str(calls), folder=folder)
        known |= pickle.loads(calls.read_bytes())
    found = []
    for release in (before, after):
        calls.write_bytes(pickle.dumps(known))
        run(release, "atlas_ops.py", str(calls), str(results), folder=folder)
        found.append(pickle.loads(results.read_bytes()))
    return found


def page(report: Mapping[str, Any], found: Sequence[Checked]) -> Document:
    """Return the report."""
    wrong = [one for one in found if not one.is_right]
    changed = sum(bool(one.row.said) for one in found)
    head: Document = [
        Heading(1, "Rows of the atlas, by plain scripts"),
        paragraph(
            ("Of the atlas ", Code(str(report["id"])[:8]), f", {len(found)} random rows were run by scripts without"),
            f"tfmatrix, in both releases of their boundary: {changed} that changed, {len(found) - changed} that did",
            f"not. {len(found) - len(wrong)} are right: in whether they changed, how, and how far.",
        ),
        table(
            ["from", "to", "ops", "Keras", "changed", "right"],
            (_line(boundary, found) for boundary in pairwise(report["releases"])),
            right=(2, 3, 4, 5),
        ),
    ]
    headings = ["from", "to", "row", "the atlas", "plain scripts"]
    listed: Document = [Heading(2, "Wrong"), table(headings, map(_told, wrong))] if wrong else []
    return [
        *head,
        *listed,
        bullets(["A plain script has what an op is given from the atlas, and everything else from TensorFlow alone."]),
        Listing("console", "$ nox -s atlas_rows"),
    ]


def _line(boundary: tuple[str, str], found: Sequence[Checked]) -> list[Text]:
    some = [one for one in found if (one.row.before, one.row.after) == boundary]
    figures = (
        [not one.row.is_of_keras for one in some],
        [one.row.is_of_keras for one in some],
        [bool(one.row.said) for one in some],
        [one.is_right for one in some],
    )
    return [*boundary, *(str(sum(each)) for each in figures)]


def _told(one: Checked) -> list[Text]:
    far = f", {one.eps:.3g} eps" if one.eps is not None else ""
    row = one.row
    return [row.before, row.after, Code(full_name(row)), ", ".join(sorted(row.kinds)), f"{one.kind}{far}"]


def main() -> int:
    """Write the report; return 1 where a row is wrong."""
    report = json.loads(ATLAS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        found = list(measured(report, Path(folder)))
    REPORT.write_text(to_markdown(page(report, found)), encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)}\n")
    return 0 if all(one.is_right for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
