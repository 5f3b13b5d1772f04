"""The report that a pin rests on: whether it is the one that was read, and still says what the store does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.gate.comparison import Evidence, gather
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.summary import SCHEMA, summarise
from tfmatrix.records import Environment
from tfmatrix.report.document import Data, report_id
from tfmatrix.store.store import Store

NAMED = 8
"""Cells that a refusal names."""


def require_current(config: Config, store: Store, id_: str, baseline: Environment, candidate: Environment) -> Evidence:
    """Return the evidence for the report of an id, gathered anew from the store.

    Raises ``UserError``, saying why, where the report that lies in the project is another, was edited, was made under
    other settings, of other models or against another baseline, does not cover the candidate, or where the store now
    says something else.
    """
    data = _read(config, id_)
    _require_move(data, baseline, candidate)
    names = [environment["name"] for environment in data["environments"]]
    evidence = gather(make_plan(config.overridden(versions=names, baseline=baseline.name)), store)
    now = summarise(evidence.comparison)
    if changed := next(_changes(data, now), None):
        raise UserError(f"the report {id_} is not the current one: {changed}; make it anew, and read it.")
    if now["id"] != id_:
        raise UserError(
            f"the report {id_} is not the current one: from the store it is now {now['id']}; "
            "make it anew with `tfmatrix report`, and read it."
        )
    return evidence


def _read(config: Config, id_: str) -> Data:
    path = config.under_root(config.reports) / "matrix.json"
    try:
        data: Data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no report {path}; make it with `tfmatrix run`, and read it.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"the report {path} cannot be read: {error}; make it anew with `tfmatrix report`.") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UserError(f"the report {path} has another schema; make it anew with `tfmatrix report`.")
    if data.get("id") != id_:
        raise UserError(f"the report in {path.parent} is {data.get('id')}, and not {id_}: read that one first.")
    if report_id(data) != id_:
        raise UserError(f"the report {path} was edited: it no longer has the id that it bears; make it anew.")
    return data


def _require_move(data: Data, baseline: Environment, candidate: Environment) -> None:
    """Raise ``UserError`` where a report is not about the move."""
    if data["baseline"] != baseline.name:
        raise UserError(
            f"the report {data['id']} compares with {data['baseline']}, and the project pins {baseline.name}: "
            f"make one with `tfmatrix run --baseline {baseline.name} --versions {candidate.name}`."
        )
    covered = [found["environment"] for found in data["candidates"]]
    if candidate.name not in covered:
        raise UserError(
            f"the report {data['id']} does not cover {candidate.name}, only {', '.join(covered)}: "
            f"make one with `tfmatrix run --versions {candidate.name}`."
        )


def _changes(before: Data, now: Data) -> Iterator[str]:
    """Yield why two reports are not one, what weighs most first."""
    for name, value in now["settings"].items():
        if before["settings"].get(name) != value:
            told = "another policy" if name == "policy" else f"{name} {_told(before['settings'].get(name))}"
            yield f"it was made under other settings, {told} in place of the configuration's"
    old, new = ({cell["id"]: cell for cell in data["cells"]} for data in (before, now))
    if gone := [id_ for id_ in new if id_ not in old]:
        yield f"it leaves out {_named(gone)}, which the configuration has"
    if extra := [id_ for id_ in old if id_ not in new]:
        yield f"it has {_named(extra)}, which the configuration has no longer"
    if before["tfmatrix"] != now["tfmatrix"]:
        yield f"tfmatrix {before['tfmatrix']} made it, and this is {now['tfmatrix']}"
    for word in ("reason", "outcome", "verdict", "trace"):
        if other := [id_ for id_ in new if old[id_][word] != new[id_][word]]:
            reason = f": {new[other[0]]['reason']}" if new[other[0]]["reason"] else ""
            yield f"the {word} of {_named(other)} is another now{reason}"


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _named(cells: list[str]) -> str:
    more = f" and {len(cells) - NAMED} more cells" if len(cells) > NAMED else ""
    return ", ".join(cells[:NAMED]) + more
