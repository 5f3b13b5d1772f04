"""Old releases, those that people port from: what tfmatrix says of them is what a plain script says."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import Project, plain_environment

pytestmark = [pytest.mark.integration, pytest.mark.wide]

HERE = Path(__file__).with_name("old")
NEW = "2.15.1"
STAGES = ("init", "forward", "loss", "gradient", "weights")

Make = Callable[..., InstalledEnvironment]


def digests(installed: InstalledEnvironment, variant: str) -> dict[str, str]:
    """Return the digest of every stage that the plain script passes in a release."""
    ran = subprocess.run(
        [installed.interpreter, "-W", "ignore", str(HERE / "plain.py"), variant],
        env={**plain_environment(), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1", "HOME": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout)
    return found


def kinds(stages: set[str]) -> dict[str, int]:
    """Return how many stages there are of each kind: of ``weights@3/hidden/bias`` that is ``weights``."""
    counts = Counter(stage.partition("/")[0].partition("@")[0] for stage in stages)
    return {kind: counts[kind] for kind in STAGES}


@pytest.mark.parametrize(("old", "python"), [("1.15.5", "3.7"), ("2.4.4", "3.8"), ("2.7.4", "3.9")])
def test_what_a_plain_script_says_is_what_the_verdict_says(
    tmp_path: Path, made_environment: Make, old: str, python: str
) -> None:
    """As many values of each stage differ as in the script; other initial weights are redrawn, and no other change."""
    environments = made_environment(old, python), made_environment(NEW)
    project = Project(tmp_path / "project", [old, NEW], [HERE / "dense.py"])
    ran = project.run("run", "--baseline", old, "--modes", "tf2,v1")
    for variant in ("given", "drawn"):
        before, after = (digests(one, variant) for one in environments)
        assert list(before) == list(after)
        differing = {stage for stage in before if before[stage] != after[stage]}
        cell = project.cell(f"{NEW}/dense[{variant}]/v1")
        assert cell["outcome"] == "observed", ran.stderr
        native = {one["stage"]: one for one in cell["stages"] if one["tier"] == "native"}
        assert {kind: native[kind]["names"] for kind in STAGES} == kinds(set(before))
        assert {kind: native[kind]["differing"] for kind in STAGES} == kinds(differing)
        redrawn = any(stage.startswith("init/") for stage in differing)
        assert not redrawn or variant == "drawn"
        rounded = {"rounding"} if differing else {"rounding", "identical"}  # the injected tier may tell more
        assert cell["verdict"] in ({"redrawn"} if redrawn else rounded)
        lacking = project.cell(f"{old}/dense[{variant}]/tf2")
        assert lacking["outcome"] == "unsupported"
        assert lacking["reason"].startswith("this release ")
    assert f"on Python 3.10, {old} on {python}, which can change results too" in ran.stdout
    assert f"on Python 3.10, {old} on {python}" in project.report
