"""Projects that pin TensorFlow, with locks that can be read and a store that is filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from building import BASELINE, CANDIDATE, fill, lock_of, make_project, ones
from cli.project import Said, Tell
from questions.matrix import stored
from tfmatrix.config import Config
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.store.store import Store

TODAY = date(2026, 11, 25)
"""The day of every test that chooses no other."""

LATER = "2027-03-01"

KERAS = {"2.15.1": "2.15.0"}
"""The Keras of a lock, where it is not the newest."""

REQUIREMENTS = "# what we need\r\ntensorflow-cpu==2.15.1  # pinned\r\nrequests>=2\r\n"


def gated(
    folder: Path,
    answer: Callable[[ExpectedTrial], Any] = stored.answer,
    models: Iterable[str] = ("same", "rounds"),
    more: str = "",
    **choices: Any,
) -> Plan:
    """Make a project that pins the baseline, and fill its store by what an answer says of each trial."""
    plan = make_plan(make_gated_project(folder, models, more, **choices))
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(store, plan, answer)
    return plan


def make_gated_project(
    folder: Path, models: Iterable[str] = ("same", "rounds"), more: str = "", **choices: Any
) -> Config:
    """Make a project that pins the baseline, with nothing in its store."""
    config = make_project(folder, models, more, **{"modes": ["tf2", "v1"], **choices})
    for environment in make_plan(config).environments:
        lock_of(folder, environment).write_text(lock(environment.tensorflow), encoding="utf-8")
    (folder / "requirements.txt").write_bytes(REQUIREMENTS.encode())
    return config


def lock(version: str) -> str:
    """Return a lock of a TensorFlow, a Keras and a NumPy."""
    locked = {"tensorflow-cpu": version, "keras": KERAS.get(version, "3.12.0"), "numpy": "1.26.4"}
    lines = (f"{name}=={number} --hash=sha256:{hash_of(name, number)}" for name, number in locked.items())
    return "\n".join(["# kind: today", *lines]) + "\n"


def hash_of(name: str, version: str) -> str:
    """Return the digits of a hash that belongs to one package at one version."""
    return f"{name}{version}".encode().hex()[:60].rjust(64, "0")


def of_candidate(**changes: Any) -> Callable[[ExpectedTrial], Any]:
    """Return an answer in which the candidate alone has other values in its stages."""

    def answer(expected: ExpectedTrial) -> Any:
        return ones(**changes) if expected.cell.environment.name == CANDIDATE else ones()

    return answer


def report_id(tell: Tell, folder: Path) -> str:
    """Make the report, and return the id that stands at its head."""
    tell("report", "-q")
    head = (folder / "reports" / "matrix.md").read_text(encoding="utf-8").split("Report `")[1]
    return head.partition("`")[0]


def accept(tell: Tell, cell: str, *arguments: str) -> Said:
    """Accept a cell's difference, and write it."""
    usual = ("--reason", "looked at it", "--by", "A. Reviewer", "--expires", LATER, "--write")
    return tell("accept", CANDIDATE, "--cell", cell, *arguments, *usual)


def answer_of(said: Said) -> dict[str, Any]:
    """Return the JSON that a command printed."""
    loaded: dict[str, Any] = json.loads(said.out)
    return loaded


__all__ = [
    "BASELINE", "CANDIDATE", "LATER", "REQUIREMENTS", "TODAY", "accept", "answer_of", "gated", "hash_of", "lock",
    "make_gated_project", "of_candidate", "report_id",
]  # fmt: skip
