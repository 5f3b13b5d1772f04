"""Changes planted in Keras models and unchanged scripts, half of them behind a redraw, and twins that change nothing.

They are run as a user runs them: a project of two environments that are one release, and differ in NumPy's last digit
alone, by which a model knows that it is to be another (`changed/_planted.py`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfmatrix.compare.verdicts import Verdict

CHANGED = Path(__file__).with_name("changed")
ROOT = Path(__file__).parents[2]
RELEASE, OTHER = "2.15.1", "2.15.1+numpy-1.26.3"


@dataclass(frozen=True)
class Change:
    """One planted change, or a twin, and what the report has to say of it."""

    model: str
    """Its file, or its script."""
    name: str
    """Of the variant; of a script its first argument."""
    verdict: Verdict
    """Of the cell."""
    stages: tuple[str, ...] = ()
    """Kinds of stages, one of which has to be the first that is blamed, in each tier that blames one."""
    redrawn: str = ""
    """What a script draws anew beside: its second argument."""

    @property
    def is_twin(self) -> bool:
        """Return whether nothing is to be found."""
        return self.verdict not in {_OTHER, _ONE_SIDED}

    @property
    def cell(self) -> str:
        """Return the name that its model has in the project."""
        words = f"{self.model}-{self.name}".replace(" ", "-").replace(":", "")
        return words if self.model in SCRIPTS else f"{self.model}[{self.name}]"


SCRIPTS = {"tape": "tf2", "session": "v1"}
"""The scripts, with the mode that each is written for."""

_SAME, _REDRAWN, _OTHER = Verdict.IDENTICAL, Verdict.REDRAWN, Verdict.DIFFERENT
_ONE_SIDED = Verdict.NOT_COMPARABLE
"""Where a change takes stages away: what has no counterpart is compared with nothing, and is no pass."""
_UPDATE = "update", "weights", "slots"
_FORWARD = "loss", "predict", "gradient"

CHANGES = (
    Change("classifier", "rate", _OTHER, _FORWARD),
    Change("classifier", "activation", _OTHER, _FORWARD),
    Change("classifier", "regularizer", _OTHER, _FORWARD),
    Change("classifier", "momentum of statistics", _OTHER, ("weights", "statistics")),
    Change("classifier", "epsilon of statistics", _OTHER, _FORWARD),
    Change("classifier", "learning rate", _OTHER, _UPDATE),
    Change("classifier", "epsilon of Adam", _OTHER, _UPDATE),
    Change("classifier", "beta_2", _OTHER, _UPDATE),
    Change("classifier", "clipping", _OTHER, ("gradient", *_UPDATE)),
    Change("classifier", "loss scaled", _OTHER, ("loss", "gradient")),
    Change("classifier", "class weights", _OTHER, ("data", "batch", "loss", "gradient")),
    Change("classifier", "denominator of a metric", _OTHER, ("loss", "history")),
    Change("classifier", "not shuffled", _OTHER, ("shuffle", "batch")),
    Change("classifier", "validation split", _OTHER, ("data", "shuffle", "batch")),
    Change("classifier", "frozen layer", _ONE_SIDED, ("gradient", *_UPDATE)),
    Change("classifier", "seed shared", _OTHER, ("init",)),
    Change("classifier", "seed no longer shared", _OTHER, ("init",)),
    Change("classifier", "scale of initial weights", _OTHER, ("init",)),
    Change("classifier", "shape of initial weights", _OTHER, ("init",)),
    Change("classifier", "weights not restored", _OTHER, ("predict", "saved", "final")),
    Change("classifier", "deviation of noise", _OTHER, ("draw", *_FORWARD)),
    Change("classifier", "twin: nothing", _SAME),
    Change("classifier", "twin: other initial weights", _REDRAWN),
    Change("classifier", "twin: another mask", _REDRAWN),
    Change("classifier", "twin: a layer's name", _REDRAWN),
    Change("classifier", "twin: a metric more", _REDRAWN),
    Change("classifier", "twin: activation by name", _REDRAWN),
    Change("classifier", "twin: activation as a layer", _SAME),
    Change("classifier", "twin: a callback more", _REDRAWN),
    Change("classifier", "twin: a schedule that stays", _SAME),
    Change("classifier", "twin: numbers of NumPy", _REDRAWN),
    Change("classifier", "twin: rows as a tensor", _SAME),
    Change("classifier", "twin: weight of one for each class", _SAME),
    Change("classifier", "twin: words on the screen", _REDRAWN),
    Change("classifier", "twin: both seeds others", _REDRAWN),
    Change("sequences", "recurrent activation", _OTHER, _FORWARD),
    Change("sequences", "padding not masked", _OTHER, _FORWARD),
    Change("sequences", "mask constant in time", _OTHER, ("draw", "effect")),
    Change("sequences", "forget bias", _OTHER, ("init",)),
    Change("sequences", "gradient scaled", _OTHER, ("gradient",)),
    Change("sequences", "twin: other initial weights", _REDRAWN),
    Change("sequences", "twin: another mask", _REDRAWN),
    Change("sequences", "twin: activation as a function", _REDRAWN),
    Change("sequences", "twin: noise shape written out", _REDRAWN),
    Change("sequences", "twin: gradient times one", _REDRAWN),
    Change("images", "pooling", _OTHER, _FORWARD),
    Change("images", "border", _OTHER, _FORWARD),
    Change("images", "flips", _OTHER, ("draw", "effect")),
    Change("images", "dropout when predicting", _OTHER, ("predict", "draw")),
    Change("images", "order that repeats", _OTHER, ("shuffle", "batch")),
    Change("images", "last batch dropped", _ONE_SIDED, ("data", "shuffle", "batch", "draw", *_FORWARD)),
    Change("images", "twin: nothing", _SAME),
    Change("images", "twin: other initial weights", _REDRAWN),
    Change("images", "twin: another mask", _REDRAWN),
    Change("images", "twin: rows made ready", _REDRAWN),
    Change("images", "twin: pooling written out", _REDRAWN),
    Change("images", "twin: another order", _REDRAWN),
    Change("tape", "a row skipped", _OTHER, ("data", "shuffle", "batch"), "init"),
    Change("tape", "steps of the schedule", _OTHER, _UPDATE, "init"),
    Change("tape", "nesterov", _OTHER, _UPDATE),
    Change("tape", "gradients not averaged", _OTHER, ("gradient",), "init"),
    Change("tape", "decay of the average", _OTHER, ("weights", "predict", "final"), "init"),
    Change("tape", "average not used", _OTHER, ("predict", "final")),
    Change("tape", "twin nothing", _SAME),
    Change("tape", "twin other initial weights", _REDRAWN, redrawn="init"),
    Change("tape", "cached", _OTHER, ("shuffle", "batch"), "init"),
    Change("tape", "read ahead", _REDRAWN, redrawn="init"),
    Change("tape", "sum over eight", _SAME),
    Change("tape", "words on the screen", _REDRAWN, redrawn="init"),
    Change("session", "kept share", _OTHER, ("draw", *_FORWARD), "init"),
    Change("session", "decay of weights", _OTHER, _FORWARD, "init"),
    Change("session", "momentum", _OTHER, _UPDATE),
    Change("session", "rate falls earlier", _OTHER, (*_UPDATE, "batch"), "init"),
    Change("session", "not restored", _ONE_SIDED, ("loaded", "predict", "final"), "init"),
    Change("session", "twin nothing", _SAME),
    Change("session", "twin other initial weights", _REDRAWN, redrawn="init"),
    Change("session", "another mask", _REDRAWN),
    Change("session", "bias added", _SAME),
    Change("session", "rate of NumPy", _REDRAWN, redrawn="init"),
)


@dataclass(frozen=True)
class Answer:
    """What the report said of one change."""

    change: Change
    verdict: str
    blamed: tuple[str, ...]
    """The first stage that is blamed, of each tier that blames one."""
    reason: str

    @property
    def passed(self) -> bool:
        """Return whether it was found, placed and judged rightly; a twin may be called rounding."""
        if self.change.is_twin:
            return self.verdict in {self.change.verdict.value, Verdict.ROUNDING.value}
        kinds = {stage.partition(" ")[2].partition("/")[0].partition("@")[0] for stage in self.blamed}
        return self.verdict == self.change.verdict.value and bool(kinds) and kinds <= {*self.change.stages}


def run(folder: Path, changes: Iterable[Change] = CHANGES) -> Iterator[Answer]:
    """Run the models of some changes in a folder, and yield what the report says of each."""
    changes = tuple(changes)
    for mode in dict.fromkeys(SCRIPTS.get(change.model, "tf2") for change in changes):
        chosen = [change for change in changes if SCRIPTS.get(change.model, "tf2") == mode]
        project = _project(folder / mode, mode, chosen)
        command = [sys.executable, "-m", "tfmatrix", "matrix", "--models", ",".join(change.cell for change in chosen)]
        ran = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)
        path = project / "reports" / "matrix.json"
        if not path.is_file():
            raise RuntimeError(f"there is no report: {ran.stderr[-2000:]}")
        cells = {c["model"]: c for c in json.loads(path.read_text("utf-8"))["cells"] if c["environment"] == OTHER}
        yield from (_answer(change, cells[change.cell]) for change in chosen)


def _project(folder: Path, mode: str, changes: Iterable[Change]) -> Path:
    models = folder / "reference_models"
    shutil.copytree(CHANGED, models, ignore=shutil.ignore_patterns("__pycache__", *(f"{name}.py" for name in SCRIPTS)))
    for name in SCRIPTS:
        shutil.copy(CHANGED / f"{name}.py", folder)
    (folder / ".nox").symlink_to(ROOT / ".nox")
    lines = [
        "[tool.tfmatrix]",
        f'versions = ["{RELEASE}", "{OTHER}"]',
        f'baseline = "{RELEASE}"',
        f'modes = ["{mode}"]',
        "trials = 2",
    ]
    for change in changes:
        if change.model in SCRIPTS:
            words = ["python", f"{change.model}.py", change.name, change.redrawn]
            lines += [f"[tool.tfmatrix.models.{change.cell}]", f"command = {json.dumps(words)}", f'modes = ["{mode}"]']
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    locking = [sys.executable, "-m", "tfmatrix", "lock", OTHER]
    locked = subprocess.run(locking, cwd=folder, check=False, capture_output=True, text=True)
    if locked.returncode:
        raise RuntimeError(f"there is no lock of {OTHER}: {locked.stderr[-2000:]}")
    return folder


def _answer(change: Change, cell: Mapping[str, Any]) -> Answer:
    blamed: dict[str, str] = {}
    for stage in cell["stages"] or ():
        worst = stage["worst"]
        if stage["verdict"] in {Verdict.DIFFERENT.value, Verdict.NOT_COMPARABLE.value} and worst:
            blamed.setdefault(stage["tier"], f"{stage['tier']} {worst['stage']}")
    return Answer(change, cell["verdict"], tuple(blamed.values()), cell["reason"] or "")
