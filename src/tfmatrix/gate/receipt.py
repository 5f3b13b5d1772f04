"""The receipt of a pin: what it relied on, written when the pin was, and held against what is known later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tomlkit

from tfmatrix.errors import UserError
from tfmatrix.gate import tables
from tfmatrix.gate.checking import Pair
from tfmatrix.gate.results import Check
from tfmatrix.questions.matrix.plan import Plan

FILE = "tfmatrix-pin.toml"

SCHEMA = 1

MANY = 3
"""How many elements of a list still stand in one line of the file."""

HEADER = (
    "What the pin of TensorFlow relies on. `tfmatrix pin` writes this file, `tfmatrix check` says whether it still",
    "holds; it is not edited by hand.",
)

Setting = str | int | list[str | int]

NARROWED = ("modes", "models", "launches")
"""Settings whose names a later plan may not leave out."""

_TEXTS = ("from", "to", "report", "machine", "policy", "evidence")
_KEYS = ("schema", *_TEXTS, "on", "versions", "settings")


@dataclass(frozen=True)
class Receipt:
    """What a pin relied on."""

    start: str
    """Name of the environment that was moved from; ``from`` in the file."""
    to: str
    report: str
    """Id of the report that was read."""
    machine: str
    policy: str
    evidence: str
    """Digest of what was compared: `evidence_of`."""
    on: date
    versions: Mapping[str, str]
    """What was pinned: package to version."""
    settings: Mapping[str, Setting]
    """What was expected: `settings_of`."""

    @property
    def move(self) -> tuple[str, str]:
        """Return the names of the environments that were moved from and to."""
        return self.start, self.to


def evidence_of(pairs: Iterable[Pair]) -> str:
    """Return the digest of what a check rests on: of every expected cell its verdict, and what either side was.

    It does not change with what else a report covers, so other candidates may come and go.
    """
    content = [
        [
            pair.cell.name,
            pair.compared.verdict.value,
            *([state.outcome, state.trace or "", state.trials] for state in (pair.baseline, pair.candidate)),
        ]
        for pair in pairs
    ]
    return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()


def settings_of(plan: Plan) -> dict[str, Setting]:
    """Return the settings that decide what is expected of a candidate."""
    config = plan.config
    return {
        "distribution": config.distribution,
        "python": ", ".join([config.python, *(f"{python} for {name}" for name, python in config.python_for)]),
        "launches": [launch.name for launch in config.launches],
        "modes": list(config.modes),
        "models": [model.name for model in plan.models],
        "trials": config.trials,
        "jitters": config.jitters,
        "seed": config.seed,
    }


def dumps(receipt: Receipt) -> str:
    """Return a receipt as the text of its file."""
    document = tomlkit.document()
    for line in HEADER:
        document.add(tomlkit.comment(line))
    document.add("schema", tomlkit.item(SCHEMA))
    for key in _TEXTS:
        document.add(key, tomlkit.item(receipt.start if key == "from" else getattr(receipt, key)))
    document.add("on", tomlkit.item(receipt.on))
    for name in ("versions", "settings"):
        table = tomlkit.table()
        for key, value in getattr(receipt, name).items():
            table.add(key, tomlkit.item(value))
            if isinstance(value, list) and len(value) > MANY:
                table[key] = tomlkit.array().multiline(multiline=True)
                table[key].extend(value)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document)


def read(path: Path) -> Receipt | None:
    """Return a receipt, None where there is no such file; raises ``UserError`` for one that is not whole."""
    document = tables.read(path, SCHEMA)
    if document is None:
        return None
    try:
        tables.require_keys(document, _KEYS)
        texts = {key: tables.string(document, key) for key in _TEXTS}
        on = tables.day(document, "on")
        versions, settings = tables.table(document, "versions", str), tables.table(document, "settings", Setting)
        tables.require_lists(settings, NARROWED)
    except ValueError as error:
        raise UserError(f"{path.name}: {error}; `tfmatrix pin` writes it anew.") from None
    return Receipt(texts.pop("from"), **texts, on=on, versions=versions, settings=settings)


def broken(receipt: Receipt, plan: Plan, check: Check, evidence: str, today: date) -> Iterator[str]:
    """Yield what no longer holds of the receipt of the move that was checked.

    Where it was made on another machine its results are not looked at: these are others.
    """
    if receipt.policy != check.policy:
        yield "the policy has changed since"
    now = settings_of(plan)
    for name in dict.fromkeys([*receipt.settings, *now]):
        before, after = receipt.settings.get(name), now.get(name)
        if before != after:
            yield f"{name} {_change(before, after)}"
    if receipt.machine == check.machine and receipt.evidence != evidence:
        yield "the results have changed since"
    if receipt.on > today:
        yield f"it was made on {receipt.on}, a day that has not come: look at this machine's clock"


def narrowed(receipt: Receipt, plan: Plan) -> Iterator[str]:
    """Yield what the last pin's evidence covered and the plan leaves out: a narrower question has an easier answer."""
    now = settings_of(plan)
    for name in NARROWED:
        before, after = (settings.get(name, []) for settings in (receipt.settings, now))
        assert isinstance(before, list)
        assert isinstance(after, list)
        if gone := [str(one) for one in before if one not in after]:
            yield f"{name} no longer have {', '.join(gone)}"


def _change(before: object, after: object) -> str:
    """Return what became of a setting; of a list what is gone and what is new."""
    if isinstance(before, list) and isinstance(after, list) and set(before) != set(after):
        gone = [str(one) for one in before if one not in after]
        new = [str(one) for one in after if one not in before]
        return " and ".join(
            [*([f"no longer have {', '.join(gone)}"] if gone else []), *([f"now have {', '.join(new)}"] if new else [])]
        )
    return f"was {before}, and is {after}"
