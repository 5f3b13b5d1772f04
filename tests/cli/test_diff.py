"""`tfmatrix diff`: two reports that lie somewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from building import CANDIDATE, ones
from tfmatrix import cli

from .project import Tell, changed, stored


def test_two_reports_are_held_against_each_other(tmp_path: Path, tell: Tell) -> None:
    """0 where both say the same, 1 where not, in words and as JSON; a folder stands for the report in it."""
    stored(tmp_path, lambda _: ones())
    tell("report")
    shutil.copytree(tmp_path / "reports", tmp_path / "old")
    assert tell("diff", "old", "old/matrix.json").code == cli.SAME
    stored(tmp_path, changed)
    tell("report")
    said = tell("diff", "old", "reports")
    assert said.code == cli.CHANGED
    assert f"- identical, now different: {CANDIDATE}/mlp/tf2\n" in said.out
    found = json.loads(tell("diff", "old", "reports/matrix.json", "--json").out)
    assert found["verdicts"] == [{"was": "identical", "now": "different", "cells": [f"{CANDIDATE}/mlp/tf2"]}]


def test_a_report_that_cannot_be_read_is_no_answer(tmp_path: Path, tell: Tell) -> None:
    """One that is not there, and one that was edited: one sentence, and 2."""
    stored(tmp_path, lambda _: ones())
    tell("report")
    missing = tell("diff", "reports", "nowhere")
    assert (missing.code, missing.out) == (cli.INCOMPLETE, "")
    assert missing.err == "tfmatrix: there is no report nowhere; make it with `tfmatrix run`, and read it.\n"
    path = tmp_path / "reports" / "matrix.json"
    path.write_text(path.read_text(encoding="utf-8").replace("identical", "rounding", 1), encoding="utf-8")
    edited = tell("diff", "reports", "reports")
    assert edited.code == cli.INCOMPLETE
    assert "was edited" in edited.err
