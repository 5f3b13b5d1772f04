"""Measure every thing in every release, ask tfmatrix, and write `reports/truth.md`.

``python -m truth`` in the tests' folder; what is typed behind it goes to tfmatrix: ``--models layers[dense]``.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tfmatrix import config
from tfmatrix.environments import catalogue
from tfmatrix.records import Environment, InstalledEnvironment, Launch
from tfmatrix.runner import launching, making

from . import judged, verdicts
from .report import in_words, report
from .rows import Row, rows

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
THINGS = HERE / "things"
FOLDER = ROOT / ".tfmatrix" / "truth"
REPORT = ROOT / "reports" / "truth.md"
BASELINE = "2.15.1"
MOST_WRONG = 0.02
"""The share of rows that may be wrong, each of them explained."""
PROCESSES = 2
"""How many releases at once; each computes with two threads, and mostly with one."""


def main() -> int:
    """Run the suite; return 1 where more rows are wrong than may be, or one that nobody explained."""
    results = plain()
    names = list(
        dict.fromkeys(path.stem for folder in results.values() for path in sorted(folder.glob("*.[nt][px][zt]")))
    )
    project = FOLDER / "project"
    verdicts.make_project(project, ROOT, THINGS, baseline=BASELINE)
    verdicts.ask(project, sys.argv[1:])
    found = list(rows(results, names, judged.load(), verdicts.answers(project, names)))
    judged.MEASURED.write_text(json.dumps(measured(found), indent=1) + "\n", encoding="utf-8")
    explained = judged.load_explained()
    REPORT.write_text("\n".join(report(found, lacking(results, names), explained)), encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)}\n")
    wrong = [row for row in found if not row.right]
    known = all(judged.explanation(explained, row.thing, row.after) for row in wrong)
    return 0 if known and len(wrong) <= MOST_WRONG * len(found) else 1


def plain() -> Mapping[str, Path]:
    """Return the folders of plain results by release, made where they are not, or are of other things."""
    settings = config.load(ROOT)
    wanted = [catalogue.parse_environment(r, distribution="tensorflow-cpu", python="3.10") for r in catalogue.RELEASES]
    installed = {one: making.find(one, settings) or making.Maker(settings).make(one) for one in wanted}
    with ThreadPoolExecutor(PROCESSES) as pool:
        return dict(pool.map(lambda one: (one.name, _computed(one, installed[one])), wanted))


def _computed(environment: Environment, installed: InstalledEnvironment) -> Path:
    """Return the folder of one release's plain results."""
    digest = hashlib.sha256(installed.lock_digest.encode())
    for path in (HERE / "plain.py", *sorted(THINGS.rglob("*.py"))):
        digest.update(path.read_bytes())
    folder, stamp = FOLDER / "plain" / environment.name, digest.hexdigest()
    done = folder / "stamp"
    if not (done.is_file() and done.read_text(encoding="utf-8") == stamp):
        variables = launching.variables(Launch(), environment, "0", FOLDER)
        for old in folder.glob("*"):
            old.unlink()
        command = [installed.interpreter, str(HERE / "plain.py"), str(THINGS), str(folder)]
        subprocess.run(command, env=dict(variables), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done.write_text(stamp, encoding="utf-8")
    return folder


def measured(found: list[Row]) -> dict[str, dict[str, str]]:
    """Return in words what changed, by the later release of each boundary and by thing."""
    changes: dict[str, dict[str, str]] = {}
    for row in found:
        own = changes.setdefault(row.after, {})
        if row.change:
            own[row.thing] = in_words(row.change)
    return changes


def lacking(results: Mapping[str, Path], names: list[str]) -> list[str]:
    """Return a line for each thing that a release does not have: which, and the first reason."""
    lines = []
    for name in names:
        refusals = {release: folder / f"{name}.txt" for release, folder in results.items()}
        refusals = {release: path for release, path in refusals.items() if path.is_file()}
        if refusals:
            reason = next(iter(refusals.values())).read_text(encoding="utf-8").splitlines()[0]
            lines.append(f"`{name}` in {', '.join(refusals)}: {reason[:100]}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
