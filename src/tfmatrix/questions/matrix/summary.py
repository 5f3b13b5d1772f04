"""The comparison as plain data: what `matrix.json` holds and every other format is rendered from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache

from tfmatrix import __version__
from tfmatrix.compare.results import (
    CellComparison,
    CellState,
    Comparison,
    Divergence,
    EnvironmentState,
    Finding,
    ModeComparison,
    StageResult,
    Step,
)
from tfmatrix.compare.stages import parse, place
from tfmatrix.compare.verdicts import MEANINGS, Verdict, worst
from tfmatrix.environments.machine import machine_id
from tfmatrix.records import UNSUPPORTED, Environment, Package
from tfmatrix.report.document import Data, as_json, as_number, of_distance, report_id

SCHEMA = 1


Tell = Callable[[Finding], Data]


def summarise(comparison: Comparison) -> Data:
    """Return the whole comparison as JSON has it, under an id that is the digest of everything else."""
    content = content_of(comparison)
    return {"id": report_id(content), **content}


def content_of(comparison: Comparison) -> Data:
    """Return what a comparison says as JSON has it, without the id."""
    by_cell = {compared.cell: compared for compared in comparison.cells}
    by_environment: dict[Environment, list[CellComparison]] = {}
    for compared in comparison.cells:
        by_environment.setdefault(compared.cell.environment, []).append(compared)
    return {
        "schema": SCHEMA,
        "tfmatrix": __version__,
        "baseline": comparison.baseline.name,
        "settings": as_json(comparison.settings),
        "verdicts": [{"name": v.value, "mark": v.mark, "meaning": MEANINGS[v]} for v in Verdict],
        "candidates": [
            _candidate(state.environment, by_environment.get(state.environment, ()))
            for state in comparison.environments
            if state.environment != comparison.baseline
        ],
        "modes": [_mode(comparison, by_environment, *key) for key in _launches_and_modes(comparison)],
        "cells": [
            _cell(state, by_cell.get(state.cell), comparison.letters.get(state.cell, "")) for state in comparison.states
        ],
        "steps": [_step(step) for step in comparison.steps],
        "between_modes": [_between_modes(found) for found in comparison.modes],
        "environments": [_environment(state) for state in comparison.environments],
        "machine": as_json({**asdict(comparison.machine), "id": machine_id(comparison.machine)}),
    }


def _candidate(environment: Environment, compared: Sequence[CellComparison]) -> Data:
    """Return the answer for one candidate: its worst verdict, how many cells have which, and the first change."""
    return {"environment": environment.name, **_counted(compared), "first_changes": _first_changes(compared)}


def _counted(compared: Sequence[CellComparison]) -> Data:
    counts = Counter(found.verdict for found in compared)
    return {
        "verdict": worst(counts).value,
        "counts": {v.value: counts[v] for v in Verdict if counts[v]},
    }


def _step(step: Step) -> Data:
    """Return what changed from one environment to the next: each stage that did, with its cells by verdict."""
    changed: dict[tuple[str, str, str], list[str]] = {}
    for found in step.cells:
        name = f"{found.cell.model.name}/{found.cell.mode}"
        name += "" if found.cell.launch.name == "default" else f"/{found.cell.launch.name}"
        if not found.stages and found.verdict not in {Verdict.IDENTICAL, Verdict.UNSUPPORTED}:
            changed.setdefault((found.verdict.value, "", ""), []).append(name)
        for result in found.stages:
            if result.verdict not in {None, Verdict.IDENTICAL}:
                assert result.verdict
                changed.setdefault((result.verdict.value, result.tier, result.kind), []).append(name)
    return {
        "from": step.before.name,
        "to": step.after.name,
        **_counted(step.cells),
        "changed": [
            {"verdict": verdict, "tier": tier, "stage": kind, "cells": cells}
            for (verdict, tier, kind), cells in changed.items()
        ],
    }


def _first_changes(compared: Sequence[CellComparison]) -> list[Data]:
    """Return what a reader should see first, worst verdict first: of each verdict the earliest change in the chain."""

    def urgency(found: CellComparison) -> tuple[int, str]:
        return place(parse(found.first.stage).kind) if found.first else -1, found.cell.id

    changed = [found for found in compared if found.verdict not in {Verdict.IDENTICAL, Verdict.UNSUPPORTED}]
    return [
        _first_change(min((found for found in changed if found.verdict is verdict), key=urgency))
        for verdict in sorted({found.verdict for found in changed}, key=lambda verdict: verdict.severity)
    ]


def _first_change(changed: CellComparison) -> Data:
    return {
        "cell": changed.cell.id,
        "model": changed.cell.model.name,
        "mode": changed.cell.mode,
        "verdict": changed.verdict.value,
        "reason": changed.reason,
        "finding": changed.first and _finding(changed.first),
    }


def _launches_and_modes(comparison: Comparison) -> list[tuple[str, str]]:
    return list(dict.fromkeys((state.cell.launch.name, state.cell.mode) for state in comparison.states))


def _mode(
    comparison: Comparison, by_environment: Mapping[Environment, Sequence[CellComparison]], launch: str, mode: str
) -> Data:
    """Return a column of the version-by-mode table: each environment's letter and worst verdict."""
    rows = []
    for state in comparison.environments:
        compared = by_environment.get(state.environment, ())
        verdicts = [found.verdict for found in compared if (found.cell.launch.name, found.cell.mode) == (launch, mode)]
        own = state.environment == comparison.baseline
        rows.append(
            {
                "environment": state.environment.name,
                "letter": comparison.whole_letters.get((state.environment, launch, mode), ""),
                "verdict": "" if own else worst(verdicts).value,
            }
        )
    return {"launch": launch, "mode": mode, "environments": rows}


def _cell(state: CellState, compared: CellComparison | None, letter: str) -> Data:
    cell = state.cell
    content: Data = {
        "id": cell.id,
        "environment": cell.environment.name,
        "launch": cell.launch.name,
        "mode": cell.mode,
        "model": cell.model.name,
        "source": cell.model.source,
        "outcome": state.outcome,
        "reason": state.reason,
        "trace": state.trace or "",
        "trials": state.trials,
        "letter": letter,
        "verdict": "",
    }
    if state.evidence and state.outcome != UNSUPPORTED:  # of what does not exist the reason says enough
        content["evidence"] = {"traceback": state.evidence.traceback, "output": state.evidence.output}
    if compared:
        told = cache(_finding)  # two traces part where a stage begins to differ
        content |= {
            "verdict": compared.verdict.value,
            "verdict_reason": compared.reason,
            "stages": [_stage(result, told) for result in compared.stages],
            "divergences": [_divergence(found, told) for found in compared.divergences],
            "curve": [[p.step, as_number(p.scaled_error), as_number(p.floor)] for p in compared.curve],
        }
    return content


def _stage(result: StageResult, told: Tell) -> Data:
    return {
        "tier": result.tier,
        "stage": result.kind,
        "names": result.names,
        "differing": result.differing,
        "baseline": result.baseline,
        "candidate": result.candidate,
        "verdict": result.verdict.value if result.verdict else "consequence",
        "first": result.first and told(result.first),
        "worst": result.worst and told(result.worst),
    }


def _finding(found: Finding) -> Data:
    return {
        "tier": found.tier,
        "stage": found.stage,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "distance": found.distance and of_distance(found.distance),
        "floor": as_number(found.floor),
        "ratio": as_number(found.ratio),
        "baseline": found.baseline,
        "candidate": found.candidate,
    }


def _divergence(found: Divergence, told: Tell) -> Data:
    return {
        "tier": found.tier,
        "at": told(found.at),
        "before": found.before,
        "after": found.after and told(found.after),
    }


def _between_modes(found: ModeComparison) -> Data:
    told = cache(_finding)
    return {
        "environment": found.environment.name,
        "model": found.model,
        "modes": list(found.modes),
        "stages": [_stage(result, told) for result in found.stages],
    }


def _environment(state: EnvironmentState) -> Data:
    installed = state.installed
    return {
        "name": state.environment.name,
        "distribution": state.environment.distribution,
        "python": installed.python_version if installed else state.environment.python,
        "lock": {"digest": installed.lock_digest, "kind": installed.lock_kind} if installed else None,
        "unavailable": state.refusal,
        "packages": {package.name: package.version for package in installed.packages} if installed else {},
        "moved": [[_package(before), _package(after)] for before, after in state.moved],
    }


def _package(package: Package | None) -> list[str] | None:
    return [package.name, package.version] if package else None
