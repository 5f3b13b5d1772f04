"""List what changed in Keras between two releases, by a plain script, and hold `reports/matrix.json` against it.

``python -m truth.lists`` in the tests' folder. Each class is computed in both releases by `classes`; what differs is
*another value*, *another draw* (of what draws), *rounding*, *another default*, *refused*, or the *sign of zero* alone,
which no sum or product of a model shows. The matrix *names* it where a model that uses the class is not identical in
the same step from one release to the next, and is no mere rounding where the class has another value.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tabulate import tabulate

from tfmatrix import config
from tfmatrix.environments import catalogue
from tfmatrix.records import Launch
from tfmatrix.runner import launching, making

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "keras-changes.md"
MATRIX = ROOT / "reports" / "matrix.json"
SCRIPT = Path(__file__).with_name("classes.py")
BOUNDARIES = (("2.9.3", "2.10.1"), ("2.10.1", "2.11.1"), ("2.15.1", "2.16.2"))

VALUE, DRAW, ROUNDING, DEFAULT, REFUSED = "another value", "another draw", "rounding", "another default", "refused"
SIGN = "sign of zero"
MOST_EPS = 16.0
"""How many eps of the largest element still are rounding, of what is computed once from the same numbers."""

DRAWING = re.compile(r"initializer (?!Constant|Identity|Ones|Zeros)|fit |layer (\w*Dropout|Gaussian|Random)")
"""What draws: other numbers of it may be of the same distribution, which this script does not tell."""

USES = {"fit arrays": "keras_", "fit dataset": "keras_dataset"}
"""What is no class, and the models that do it."""

HEADINGS = ("from", "to", "what", "how", "which of it", "named by")


class Change(NamedTuple):
    """What changed of one class."""

    what: str
    """Its kind and name."""
    how: str
    told: str


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what changed of each class that both releases have, the worst of each."""
    known = {" ".join(key.split()[:2]) for key in after}
    found: dict[str, list[Change]] = {}
    for key in before:
        what = " ".join(key.split()[:2])
        if what not in known or key.endswith(" refused"):
            continue
        if f"{what} refused" in after:
            found.setdefault(what, []).append(Change(what, REFUSED, str(after[f"{what} refused"])))
        elif key in after and (told := apart(before[key], after[key], largest(before, key))):
            if " setting " in key:
                how = DEFAULT
            elif told == SIGN:
                how = SIGN
            elif told.endswith("eps") and float(told.split()[0]) <= MOST_EPS:
                how = ROUNDING
            else:
                how = DRAW if DRAWING.match(key) else VALUE
            found.setdefault(what, []).append(Change(what, how, f"{key.removeprefix(what).strip()}: {told}"))
    worst = [VALUE, DRAW, REFUSED, DEFAULT, ROUNDING, SIGN]
    for changes in found.values():
        yield min(changes, key=lambda change: worst.index(change.how))


def largest(found: Mapping[str, Any], key: str) -> float:
    """Return the size that rounding is measured by: of a gradient the largest of all that the class has.

    A gradient may be 0 but for rounding, as that of the bias of attention's keys, which softmax takes out again.
    """
    what, mark, _ = key.partition(" gradient ")
    alike = [name for name in found if name.startswith(what + mark)] if mark else [key]
    floats = [found[name] for name in alike if found[name].dtype.kind == "f"]
    return max((float(np.nanmax(np.abs(one), initial=0)) for one in floats), default=0)


def apart(a: Any, b: Any, size: float) -> str:
    """Return how two arrays differ, floats in eps of a size; empty where they have the same bits."""
    if a.dtype.kind == "U":
        return "" if str(a) == str(b) else f"{a} became {b}"
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return f"{a.dtype} {a.shape} became {b.dtype} {b.shape}"
    if a.tobytes() == b.tobytes():
        return ""
    if a.dtype.kind != "f":
        return f"{np.sum(a != b)} of {a.size}"
    if np.array_equal(a, b, equal_nan=True):
        return SIGN
    scale = float(np.finfo(a.dtype).eps) * (size or 1.0)
    return f"{np.nanmax(np.abs(a.astype(np.float64) - b)) / scale:.3g} eps"


def named_by(change: Change, step: Mapping[str, Any], sources: Mapping[str, str]) -> list[str]:
    """Return the models that use a class and that the matrix calls changed there, with their verdicts."""
    name = change.what.split()[1]
    word = re.compile(rf"\b({re.escape(name)}|{re.escape(name.lower())})\b")
    does = USES.get(change.what)
    using = {model for model, text in sources.items() if (model.startswith(does) if does else word.search(text))}
    enough = {"different", "redrawn", "not comparable", *(["rounding"] if change.how == ROUNDING else [])}
    found: dict[str, set[str]] = {}
    for one in step["changed"]:
        for cell in one["cells"]:
            if cell.partition("/")[0].partition("[")[0] in using and one["verdict"] in enough:
                found.setdefault(cell.partition("/")[0], set()).add(f"{one['verdict']} {one['tier']} {one['stage']}")
    return [f"{model} ({'; '.join(sorted(told)[:2])})" for model, told in sorted(found.items())]


def measured(releases: Sequence[str], folder: Path) -> list[Mapping[str, Any]]:
    """Return what the plain script computes in an older and a newer release, called alike."""
    settings = config.load(ROOT)
    found: list[Mapping[str, Any]] = []
    calls: list[str] = []
    for release in releases:
        environment = catalogue.parse_environment(release, distribution="tensorflow-cpu", python="3.10")
        installed = making.find(environment, settings) or making.Maker(settings).make(environment)
        out = folder / f"{release}.npz"
        command = [installed.interpreter, str(SCRIPT), str(out), *calls]
        variables = launching.variables(Launch(), environment, "0", folder)
        subprocess.run(command, check=True, capture_output=True, env=dict(variables))
        calls = [f"{out}.json"]
        found.append(dict(np.load(out)))
    return found


def main() -> int:
    """Write the report; return 1 where the matrix does not name something."""
    steps = {(step["from"], step["to"]): step for step in json.loads(MATRIX.read_text(encoding="utf-8"))["steps"]}
    models = sorted((ROOT / "reference_models").glob("*.py"))
    sources = {path.stem: path.read_text(encoding="utf-8") for path in models}
    rows: list[tuple[str, ...]] = []
    missed = 0
    for before, after in BOUNDARIES:
        with tempfile.TemporaryDirectory() as folder:
            changes = list(compare(*measured((before, after), Path(folder))))
        for change in changes:
            names = named_by(change, steps[before, after], sources)
            unseen = change.how in {VALUE, DRAW, ROUNDING} and not names
            missed += unseen
            by = ", ".join(names) or ("**nothing**" if unseen else "")
            rows.append((before, after, f"`{change.what}`", change.how, change.told, by))
    text = (__doc__ or "").partition("folder. ")[2]
    told = f"{len(rows)} changes, of which the matrix does not name {missed}."
    table = tabulate(rows, HEADINGS, "github")
    head = f"# What changed in Keras, by a plain script\n\nWritten by `nox -s lists`. {text}"
    REPORT.write_text(f"{head}\n{told}\n\n{table}\n", encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)}: {len(rows)} changes, {missed} not named\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
