"""What a bisect costs: builds and seconds for each boundary, with environments that it makes, and that are there."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tfmatrix import config
from tfmatrix.questions.bisect.plan import make_bisect_plan
from tfmatrix.questions.bisect.report import write_report
from tfmatrix.questions.bisect.summary import Report
from tfmatrix.runner.events import Event, Making
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

ROOT = Path(__file__).parents[1]
MODEL = "embedding"
FIRST, LAST = "2.14.1", "2.16.2"


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim; environments are made anew, from uv's cache."""
    with tempfile.TemporaryDirectory() as folder:
        environments = Path(folder) / ".nox"
        environments.mkdir()
        report, cold, first = _bisected(Path(folder) / "cold", environments)
        _, warm, again = _bisected(Path(folder) / "warm", environments)
    boundaries = sum(len(cell.boundaries) for cell in report.cells)
    builds, made = len(report.environments), len(first) + len(again)
    what = f"bisect of {FIRST} to {LAST}, for each boundary"
    return [
        (f"{what}: builds run", builds / boundaries, "builds", ""),
        (f"{what}: time, environments to be made", cold / boundaries, "s", ""),
        (f"{what}: time, environments made", warm / boundaries, "s", ""),
        ("the same, for each build: environments made by both together", made / builds, "", "at most 1"),
    ]


def _bisected(folder: Path, environments: Path) -> tuple[Report, float, list[str]]:
    """Bisect in a new project; return the report, the seconds, and the environments that were made."""
    (folder / "reference_models").mkdir(parents=True)
    source = (ROOT / "reference_models" / f"{MODEL}.py").read_text(encoding="utf-8")
    (folder / "reference_models" / f"{MODEL}.py").write_text(source, encoding="utf-8")
    (folder / ".nox").symlink_to(environments)
    table = f'[tool.tfmatrix]\nversions = ["{FIRST}", "{LAST}"]\nbaseline = "{FIRST}"\ntimeout = 600\n'
    (folder / "pyproject.toml").write_text(table, encoding="utf-8")
    made: list[str] = []

    def watch(event: Event) -> None:
        if isinstance(event, Making):
            made.append(event.environment.name)

    plan = make_bisect_plan(config.load(folder), f"{FIRST}..{LAST}", [f"{MODEL}/tf2"])
    begun = time.monotonic()
    with Store(plan.config.under_root(plan.config.store)) as store:
        rounds(plan, store, watch)
        report, _ = write_report(plan, store)
    return report, time.monotonic() - begun, made


if __name__ == "__main__":
    for row in rows():
        print(*row)  # noqa: T201  # run by hand
