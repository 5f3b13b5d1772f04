"""A store in which some releases ran some ops, without any TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from building import make_project, tensor, traced, trial
from tfmatrix.questions.atlas.plan import AtlasPlan, make_atlas_plan, part_of
from tfmatrix.questions.atlas.summary import Report, summarise
from tfmatrix.records import CRASHED, Tensor
from tfmatrix.store.store import Store

VERSIONS = ["2.12.1", "2.15.1", "2.16.2"]


@dataclass
class Ran:
    """What one trial of a release came to, as the probe tells it."""

    made: Mapping[str, Any] = field(default_factory=dict)
    """Values by stage: ``Exp[float32]/odd/0``, ``Exp[float32]/odd/gradient/x``."""
    raised: Mapping[str, str] = field(default_factory=dict)
    ended: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Texts by row: ``keras.layers.Dense/arguments``, each by what it is of."""
    other_names: Mapping[str, str] = field(default_factory=dict)
    given: str = "the same"
    """What stands for the digest of what all rows are given."""

    def only(self, part: str) -> Ran:
        """Return what is of one part, which is what its batches have."""
        fields = ("made", "raised", "ended", "left_out", "says", "other_names")
        made, raised, ended, left_out, says, other = (
            {row: of for row, of in getattr(self, name).items() if part_of(row) == part} for name in fields
        )
        return Ran(made, raised, ended, left_out, says, other, self.given)

    def stages(self) -> dict[str, Any]:
        """Return what is recorded of it."""
        told = {"raised": self.raised, "ended": self.ended, "left_out": self.left_out, "says": self.says}
        told["other_names"] = self.other_names
        rows = {stage.rpartition("/")[0] for stage in self.made if "/gradient/" not in stage and "/again/" not in stage}
        return {
            **{f"atlas {row}/given": text(self.given) for row in rows},
            **{f"atlas {stage}": values for stage, values in self.made.items()},
            "atlas told": text(json.dumps(told)),
        }


def text(value: str) -> Tensor:
    """Return a string as a tensor."""
    data = value.encode("ascii")
    return Tensor("string", (), len(data).to_bytes(8, "little") + data)


def plan_of(folder: Path, versions: list[str] | None = None) -> AtlasPlan:
    """Return the plan of a new project."""
    return make_atlas_plan(make_project(folder, versions=versions or VERSIONS, baseline="2.15.1"))


def fill(plan: AtlasPlan, store: Store, ran: Mapping[str, Ran | tuple[Ran, Ran]]) -> None:
    """Store what the first batch of each part and release came to, in both processes, and nothing of all the others."""
    for environment in plan.environments:
        both = ran.get(environment.name)
        if both is None:
            continue
        for (part, batch), trials in plan.trials(environment):
            sides = both if isinstance(both, tuple) else (both, both)
            for expected, side in zip(trials, sides, strict=True):
                trace, tensors = traced((side.only(part) if batch == 0 else Ran()).stages())
                store.add(trial(expected, trace=trace), trace, tensors)


def crash(plan: AtlasPlan, store: Store, version: str) -> None:
    """Store that the first trial of a release crashed as a whole."""
    environment = next(one for one in plan.environments if one.name == version)
    expected = next(iter(plan.trials(environment)))[1][0]
    store.add(trial(expected, CRASHED, kind="memory", message="took more than its limit"), (), {})


def reported(folder: Path, ran: Mapping[str, Ran | tuple[Ran, Ran]], versions: list[str] | None = None) -> Report:
    """Return the report of what some releases ran."""
    plan = plan_of(folder, versions or list(ran))
    with Store(folder / "store.sqlite") as store:
        fill(plan, store, ran)
        return summarise(plan, store)


def exp(*values: float, dtype: str = "float32") -> Ran:
    """Return a trial in which one op made some values."""
    return Ran({f"Exp[{dtype}]/odd/0": tensor(values, dtype)})
