"""The exchange as plain data: what `exchange.json` holds and the Markdown report is rendered from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tfmatrix import __version__
from tfmatrix.compare.tensors import Tensors
from tfmatrix.environments.machine import machine_id
from tfmatrix.questions.exchange.formats import Format
from tfmatrix.questions.exchange.judge import judge
from tfmatrix.questions.exchange.plan import ExchangePlan, Written, noted_digest
from tfmatrix.questions.exchange.verdicts import MEANINGS, Exchanged, Judged, Side
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.report.document import Data, as_json, of_distance, report_id
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

SCHEMA = 1

NATIVE = "native"
"""The tier that everything of an exchange is recorded in."""

WARNINGS = "warnings"
"""The stage that holds what was warned of while something was written or read, one string a sentence."""


def summarise(plan: ExchangePlan, store: Store) -> Data:
    """Return every pair, judged, under an id that is the digest of everything else."""
    sides, machine = _Sides(plan, store), noted_machine(store, plan.scope.machine)
    content = {
        "schema": SCHEMA,
        "tfmatrix": __version__,
        "settings": {
            "seed": plan.config.seed,
            "modes": list(plan.config.modes),
            "models": [model.name for model in plan.models],
            "launch": asdict(plan.config.launches[0]),
        },
        "verdicts": [{"name": v.value, "mark": v.mark, "meaning": MEANINGS[v]} for v in Exchanged],
        "formats": [_format(form, plan.config.modes) for form in plan.formats],
        "pairs": [_pair(*found, sides) for found in plan.pairs(store.trial, store)],
        "environments": [_environment(environment, plan, store) for environment in plan.environments],
        "machine": as_json({**asdict(machine), "id": machine_id(machine)}),
    }
    return {"id": report_id(content), **content}


class _Sides:
    """What the store has of each side, each looked up once."""

    def __init__(self, plan: ExchangePlan, store: Store) -> None:
        self._plan = plan
        self._store = store
        self._known: dict[str, Side] = {}
        self.distance = Tensors(store).distance

    def of(self, expected: ExpectedTrial) -> Side:
        """Return what is known of a trial."""
        if expected.key not in self._known:
            self._known[expected.key] = self._look_up(expected)
        return self._known[expected.key]

    def nobody(self, environment: Environment) -> Side:
        """Return what is known where there is no trial: why its environment cannot be had, if that is so."""
        reason = noted_refusal(self._store, self._plan.scope.environment_key(environment))
        return Side(refusal=f"{environment.name} is unavailable: {reason}" if reason else "")

    def digest(self, written: Written) -> str:
        """Return the digest of what was written."""
        return noted_digest(written, self._store)

    def _look_up(self, expected: ExpectedTrial) -> Side:
        trial = self._store.trial(expected.key)
        if trial is None:
            return self.nobody(expected.cell.environment)
        if trial.trace is None:
            return Side(trial)
        tensors = {p.stage: p.digest for p in self._store.trace(trial.trace) if p.tier == NATIVE}
        return Side(trial, tensors, tuple(self._sentences(tensors)))

    def _sentences(self, tensors: dict[str, str]) -> Iterator[str]:
        if WARNINGS in tensors:
            for sentence in to_array(self._store.tensor(tensors[WARNINGS])).ravel():
                yield sentence.decode("utf-8", "replace")


def _format(form: Format, modes: Sequence[str]) -> Data:
    """Return a format, with those of some modes that have it."""
    return {
        "name": form.name,
        "kind": form.kind,
        "modes": [mode for mode in modes if mode in form.modes],
        "holds": form.holds,
        "written": form.written,
        "read": form.read,
    }


def _pair(written: Written, environment: Environment, reader: ExpectedTrial | None, sides: _Sides) -> Data:
    cell = written.writer.cell
    read = sides.of(reader) if reader else sides.nobody(environment)
    judged = judge(sides.of(written.writer), read, sides.distance)
    return {
        "format": written.form.name,
        "mode": cell.mode,
        "model": cell.model.name,
        "writer": cell.environment.name,
        "reader": environment.name,
        **_judged(judged),
        "artefact": sides.digest(written),
        "trials": [written.writer.key, reader.key if reader else ""],
    }


def _judged(judged: Judged) -> Data:
    content = asdict(judged)
    return {
        **content,
        "reason": without_folders(judged.reason),
        "warnings": [without_folders(sentence) for sentence in judged.warnings],
        "verdict": judged.verdict.value,
        "distance": judged.distance and of_distance(judged.distance),
    }


_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[\w.+-]+){2,}/")
"""Folders from the root on, at least two of them; the address of a page has something in front."""


def without_folders(text: str) -> str:
    """Return a message without the folders of this machine: files keep their names."""
    return _FOLDERS.sub(".../", text)


def _environment(environment: Environment, plan: ExchangePlan, store: Store) -> Data:
    key = plan.scope.environment_key(environment)
    installed = noted_installed(store, key)
    return {
        "name": environment.name,
        "distribution": environment.distribution,
        "python": installed.python_version if installed else environment.python,
        "lock": {"digest": installed.lock_digest, "kind": installed.lock_kind} if installed else None,
        "unavailable": noted_refusal(store, key) or ("" if installed else "not made"),
        "packages": {package.name: package.version for package in installed.packages} if installed else {},
    }
