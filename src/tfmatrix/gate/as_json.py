"""The gate's answer as JSON; `check.schema.json` beside this file is its schema."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import Any

from tfmatrix import __version__
from tfmatrix.gate.results import CellResult, Check, Reason

SCHEMA = 1


def render(check: Check) -> str:
    """Return the answer as the text of a JSON document."""
    content = {
        "schema": SCHEMA,
        "tfmatrix": __version__,
        "answer": check.answer,
        "baseline": check.baseline,
        "candidate": check.candidate,
        "preset": check.preset,
        "policy": check.policy,
        "machine": check.machine,
        "cells": [_cell(result) for result in check.cells],
        "others": [_reason(reason) for reason in check.others],
    }
    return json.dumps(content, indent=1) + "\n"


def _cell(result: CellResult) -> dict[str, Any]:
    cell = result.cell
    return {
        "id": cell.id,
        "model": cell.model.name,
        "mode": cell.mode,
        "launch": cell.launch.name,
        "verdict": result.verdict.value,
        "level": result.level.value,
        "reasons": [_reason(reason) for reason in result.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {**asdict(reason), "level": reason.level.value, "command": shlex.join(reason.command)}
