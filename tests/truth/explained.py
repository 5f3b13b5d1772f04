"""Hold explanations against what a plain script measures, and write `reports/explained.md`.

``python -m truth.explained`` in the tests' folder. Each thing is computed by `plain.py`, without tfmatrix, in both
releases, with the packages kept that an explanation keeps, and with each switch that a script can throw. So it is known
whose a change is and what undoes it. Then `tfmatrix explain` is asked about the same things.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

from tfmatrix import config
from tfmatrix.questions.chosen import environment_of
from tfmatrix.records import Launch
from tfmatrix.runner import launching, making
from tfmatrix.tables import SWITCHES

from . import verdicts
from .__main__ import FOLDER, HERE, ROOT, THINGS
from .measuring import change, read

REPORT = ROOT / "reports" / "explained.md"

BOUNDARIES: Mapping[tuple[str, str], Sequence[str]] = {
    ("2.8.4", "2.9.3"): ("ops[conv2d]", "layers[dense]"),
    ("2.9.3", "2.10.1"): ("initializers[he_normal]", "layers[random_flip]"),
    ("2.10.1", "2.11.1"): ("optimizers[adam]", "optimizers[nadam]", "layers[embedding]"),
    ("2.11.1", "2.12.1"): ("layers[attention]", "ops[xent]"),
    ("2.13.1", "2.14.1"): ("ops[gelu]",),
    ("2.14.1", "2.15.1"): ("ops[fft_500]",),
    ("2.15.1", "2.16.2"): ("layers[batchnorm_4d]", "layers[lstm_dropout]", "layers[attention]", "ops[matmul_half]"),
    ("2.16.2", "2.17.1"): ("ops[softplus]", "layers[gru]"),
}
"""The things that are asked about at each boundary."""

REWRITE = "tf.config.optimizer.set_experimental_options({%r: %s})"

LEGACY = """
legacy = tf.keras.optimizers.legacy
for name in ("Adagrad", "Adam", "Nadam", "RMSprop", "SGD"):
    setattr(tf.keras.optimizers, name, getattr(legacy, name))
named, compile_ = {"adam": legacy.Adam, "sgd": legacy.SGD}, tf.keras.Model.compile
def compiled(model, optimizer, *more):
    compile_(model, named.get(optimizer, lambda: optimizer)(), *more)
tf.keras.Model.compile = compiled
"""
"""An optimizer may be asked for by its class or by a word."""

PRELUDES = {
    "eager-functions": "tf.config.run_functions_eagerly(True)",
    "rewriters-off": REWRITE % ("disable_meta_optimizer", True),
    "remapping-off": REWRITE % ("remapping", False),
    "constant-folding-off": REWRITE % ("constant_folding", False),
    "arithmetic-off": REWRITE % ("arithmetic_optimization", False),
    "layout-off": REWRITE % ("layout_optimizer", False),
    "functions-off": REWRITE % ("function_optimization", False),
    "loops-off": REWRITE % ("loop_optimization", False),
    "stateful-generator": "tf.keras.backend.experimental.disable_tf_random_generator()",
    "legacy-optimizers": LEGACY,
}
"""What a script says first that throws a switch. Those that it can't throw are left out: it sets its own threads and
determinism."""


class Row(NamedTuple):
    """One thing at one boundary: what tfmatrix says, and what is true."""

    thing: str
    boundary: str
    whose: str
    undone: str
    wrong: tuple[str, ...]
    """What a plain script shows otherwise."""
    checked: int
    """How many switches and kept packages a plain script tried too."""


def main() -> int:
    """Run the suite; return 1 where an explanation is wrong."""
    rows = [row for (before, after), things in BOUNDARIES.items() for row in explained(before, after, things)]
    REPORT.write_text("\n".join(report(rows)) + "\n", encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)}\n")
    return 1 if any(row.wrong for row in rows) else 0


def explained(before: str, after: str, things: Sequence[str]) -> Iterator[Row]:
    """Ask about some things at a boundary, and yield what is right of the answer.

    What has the same bits on this processor is left out: an older one leaves oneDNN off by itself.
    """
    project = FOLDER / "explained"
    verdicts.make_project(project, ROOT, THINGS, baseline=before)
    arguments = [after, "--baseline", before, "--models", ",".join(things), "--modes", verdicts.MODE]
    subprocess.run([sys.executable, "-m", "tfmatrix", "explain", *arguments], cwd=project, check=False)
    told = json.loads((project / "reports" / "explain.json").read_text(encoding="utf-8"))
    cells = {cell["model"]: cell for cell in told["cells"]}
    for thing in things:
        if thing in cells:
            yield checked(cells[thing], before, after, thing, things)
        elif not is_same(computed(before, (), tuple(things)), computed(after, (), tuple(things)), thing):
            yield Row(thing, f"{before} to {after}", "", "", ("it is said not to have changed",), 0)


def checked(cell: Mapping[str, Any], before: str, after: str, thing: str, things: Sequence[str]) -> Row:
    """Hold what is said of one thing against plain results."""
    base = computed(before, (), tuple(things))
    wrong: list[str] = []
    tried = 0
    kept: dict[str, bool] = {}
    for one in cell["tried"]:
        sides = sides_of(one, before, after)
        if sides is None or one["outcome"] != "observed":
            continue
        mine, other = (computed(name, tuple(one["switches"]), tuple(things)) for name in sides)
        same = is_same(mine if one["both"] else base, other, thing)
        tried += 1
        if same != all(after == "identical" for after in one["after"]):
            wrong.append(f"{' + '.join(one['switches'])}: a plain script has {'the same' if same else 'other'} bits")
        if not one["both"] and any(SWITCHES[name].kept or SWITCHES[name].further for name in one["switches"]):
            kept[sides[1]] = same
    whose = {finding["package"] for finding in cell["findings"]} - {""}  # nothing is said of what nothing tells
    true = {"Keras"} if any(same for name, same in kept.items() if "keras" in name) else {"TensorFlow"}
    if whose - true:
        wrong.append(f"a plain script says that it is of {', '.join(true)}")
    undoing = {one["undone"] for one in cell["findings"]}
    named = [told_of(cell["tried"][number]) if number is not None else "nothing" for number in sorted(undoing, key=str)]
    unknown = sum(not finding["package"] for finding in cell["findings"])
    told = [*sorted(whose), *([f"{unknown} of {len(cell['findings'])} stages not explained"] if unknown else [])]
    return Row(thing, f"{before} to {after}", ", ".join(told), "; ".join(named), tuple(wrong), tried)


def told_of(one: Mapping[str, Any]) -> str:
    """Return a remedy in words."""
    return " + ".join(one["switches"]) + (" on both sides" if one["both"] else "")


def sides_of(one: Mapping[str, Any], before: str, after: str) -> tuple[str, str] | None:
    """Return the environments that a remedy is tried in; None where a plain script can't throw it."""
    switches = [SWITCHES[name] for name in one["switches"]]
    if any(not (s.variables or s.further or s.kept or s.name in PRELUDES) for s in switches):
        return None
    return before, "+".join([after, *one["packages"]])


@cache
def computed(name: str, switches: tuple[str, ...], things: tuple[str, ...]) -> Path:
    """Return the folder of plain results of some things in an environment, with switches thrown."""
    settings = config.load(FOLDER / "explained")
    environment = environment_of(settings, name)
    installed = making.find(environment, settings) or making.Maker(settings).make(environment)
    folder = FOLDER / "explained" / "plain" / "-".join([name, *switches])
    variables = tuple(sorted({v: t for switch in switches for v, t in SWITCHES[switch].variables}.items()))
    said = "\n".join(PRELUDES[switch] for switch in switches if switch in PRELUDES)
    plain = f"runpy.run_path({str(HERE / 'plain.py')!r}, run_name='__main__')"
    program = f"import runpy\nimport tensorflow as tf\n{said}\n{plain}"
    chosen = launching.variables(Launch(variables=variables), environment, "0", FOLDER)
    command = [installed.interpreter, "-c", program, str(THINGS), str(folder), *things]
    subprocess.run(command, env=dict(chosen), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


def is_same(before: Path, after: Path, thing: str) -> bool:
    """Return whether a thing has the same bits in two folders."""
    a, b = read(before, thing), read(after, thing)
    return a is not None and b is not None and change(a, b) is None


def report(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# How often an explanation is right\n"
    yield "Written by `nox -s explained`. `tfmatrix explain` was asked whose a change is and what undoes it. A plain"
    yield "script, without tfmatrix, kept the same packages and threw the same switches, and compared all bits.\n"
    checked = sum(row.checked for row in rows)
    wrong = [row for row in rows if row.wrong]
    yield f"{len(rows)} changes, {checked} remedies tried by a plain script too. **Wrong: {len(wrong)}.**\n"
    headings = ["thing", "boundary", "whose", "undone by", "tried", "wrong"]
    cells = [[f"`{r.thing}`", r.boundary, r.whose, r.undone, r.checked, "; ".join(r.wrong)] for r in rows]
    yield tabulate(cells, headings, tablefmt="pipe")


if __name__ == "__main__":
    sys.exit(main())
