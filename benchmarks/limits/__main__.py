"""Judge plants in one release, and neighbouring releases, under several limits: ``python -m limits`` in benchmarks/.

``python -m limits PROJECT ...`` judges what the stores of some projects have of neighbouring releases besides; what is
`different` there under any limit is listed, so that a person can say which of it is.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from selftest.faults import ROUNDING, Fault
from selftest.planting import Bench
from tfmatrix import config
from tfmatrix.compare.results import CellComparison, Comparison
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments import catalogue
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.runner import making
from tfmatrix.store.store import Store

LIMITS = (4.0, 8.0, 16.0, 32.0, 64.0)
ROOT = Path(__file__).parents[2]
PLANTS = Path(__file__).with_name("plants.py")

PLANTED = (
    *((f"learning_rate times 1+{by}", "optimizers[sgd]") for by in ("1e-06", "3e-06", "1e-05")),
    *(
        (f"learning_rate times 1+{by}", model)
        for by in ("1e-05", "3e-05", "0.0001")
        for model in ("optimizers[adam]", "keras_mlp")
    ),
    *((f"epsilon times 1+{by}", "mlp") for by in ("0.001", "0.01")),
    *((f"beta_2 times 1+{by}", "mlp") for by in ("-1e-06", "-1e-05")),
    *((f"loss times 1+{by}", model) for by in ("3e-07", "1e-06", "3e-06") for model in ("mlp", "linear")),
    ("loss plus 1e-06", "mlp"),
    *((f"labels smoothed by {by}", "mlp") for by in ("1e-07", "1e-06", "1e-05")),
    *((f"1e-5 in the text times 1+{by}", "attention") for by in ("0.001", "0.01", "0.1")),
    ("one row skipped", "mlp"),
)
"""Changes of meaning, and the models that they are planted in."""


def main(folders: list[str]) -> None:
    """Print both tables."""
    settings = config.load(ROOT)
    wanted = catalogue.parse_environment("2.15.1", distribution="tensorflow-cpu", python="3.10")
    installed = making.find(wanted, settings)
    assert installed, "there is no environment of 2.15.1"
    with tempfile.TemporaryDirectory() as folder, Bench(installed, Path(folder), PLANTS, trials=1) as bench:
        rows = []
        for name, model in PLANTED:
            fault = Fault(name, model, "tf2", "", "", ROUNDING)
            with bench.planted(fault) as (plan, store):
                told = [_told(_compared(plan, store, limit).cells[0]) for limit in LIMITS]
            rows.append((name, model, *told))
            print(*rows[-1], sep=" | ", flush=True)
    print(tabulate(rows, ["planted", "in", *map("{:g}".format, LIMITS)], "pipe"))
    for root in map(Path, folders):
        plan = make_plan(config.load(root))
        with Store(root / plan.config.store) as store:
            for limit in LIMITS:
                found = list(_different(plan, store, limit))
                print(f"{root.name}, limit {limit:g}: {len(found)} stages are different")
                print(*found, sep="\n")


def _compared(plan: Plan, store: Store, limit: float) -> Comparison:
    policy = replace(plan.config.policy, rounding_ratio=limit)
    return compare_all(replace(plan, config=replace(plan.config, policy=policy)), store)


def _told(cell: CellComparison) -> str:
    if cell.verdict is not Verdict.DIFFERENT or not cell.first:
        return cell.verdict.value
    return f"{cell.first.tier} {cell.first.stage}: {cell.first.reason}"


def _different(plan: Plan, store: Store, limit: float) -> Iterator[str]:
    for step in _compared(plan, store, limit).steps:
        for cell in step.cells:
            named = f"{step.before.name} {step.after.name} {cell.cell.model.name}/{cell.cell.mode}"
            for stage in cell.stages:
                if stage.verdict is Verdict.DIFFERENT and stage.worst:
                    yield f"{named} {stage.tier} {stage.worst.stage}: {stage.worst.reason}"


if __name__ == "__main__":
    main(sys.argv[1:])
