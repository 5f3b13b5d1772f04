"""What changed, candidate by candidate: stages that changed alike are one row, whatever the number of cells."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.compare.stages import place
from tfmatrix.report.document import Data
from tfmatrix.report.text import code, escaped, number, table

NOTHING = {"identical", "consequence"}

NAMED = 8
"""Models that a row names; `matrix.json` has the rest."""

HEADINGS = [
    "verdict",
    "tier",
    "stage",
    "cells",
    "farthest",
    "elements",
    "ULP",
    "scaled error",
    "noise floor",
    "ratio",
]


def of_candidates(data: Data, marks: dict[str, str]) -> Iterator[Data]:
    """Yield, for each candidate that changed, its table of stages and its first divergences."""
    for candidate in data["candidates"]:
        cells = [cell for cell in data["cells"] if cell["environment"] == candidate["environment"]]
        compared = [cell for cell in cells if cell.get("stages")]
        yield {
            "environment": candidate["environment"],
            "stages": table(HEADINGS, list(_stage_rows(compared, marks)), right=(5, 6, 7, 8, 9)),
            "divergences": _divergences(compared, marks),
            "others": [
                f"{code(cell['model'] + '/' + cell['mode'])} {cell['verdict']}: {escaped(cell['verdict_reason'])}"
                for cell in cells
                if cell.get("verdict_reason") and cell["verdict"] != "unsupported"
            ],
            "identical": [code(f"{c['model']}/{c['mode']}") for c in cells if c["verdict"] == "identical"],
        }


def _stage_rows(cells: list[Data], marks: dict[str, str]) -> Iterator[list[str]]:
    """Yield one row per verdict, tier and stage, worst first: the cells that have it, and the farthest of them."""
    groups: dict[tuple[str, str, str], list[tuple[Data, Data]]] = {}
    for cell in cells:
        for stage in cell["stages"]:
            if stage["verdict"] not in NOTHING:
                key = stage["verdict"], stage["tier"], stage["stage"]
                groups.setdefault(key, []).append((cell, stage["worst"]))
    words = list(marks)

    def place_of(group: tuple[str, str, str]) -> tuple[int, bool, int]:
        verdict, tier, kind = group
        return words.index(verdict), tier != "native", place(kind)

    for verdict, tier, kind in sorted(groups, key=place_of):
        found = groups[verdict, tier, kind]
        cell, finding = max(found, key=lambda pair: _size(pair[1]))
        farthest = f"{code(cell['model'] + '/' + cell['mode'])} {code(finding['stage'])}"
        if verdict != "rounding":
            farthest += f": {escaped(finding['reason'])}"
        names = _cell_names([other for other, _ in found])
        yield [f"{code(marks[verdict])} {verdict}", tier, kind, names, farthest, *_sizes(finding)]


def _size(finding: Data) -> float:
    """Return how far beyond the noise floor a finding is; infinite where there is no number to say it by."""
    ratio = finding["ratio"]
    return float("inf") if ratio is None else float(ratio)


def _cell_names(cells: list[Data]) -> str:
    launches = ("" if cell["launch"] == "default" else f"/{cell['launch']}" for cell in cells)
    return _named([f"{cell['model']}/{cell['mode']}{launch}" for cell, launch in zip(cells, launches, strict=True)])


def _sizes(finding: Data) -> list[str]:
    """Return a finding's sizes: share of elements, ULP, scaled error, noise floor and ratio."""
    distance = finding["distance"]
    if not distance:
        return ["", "", "", number(finding["floor"]), number(finding["ratio"])]
    share = f"{distance['differing']} of {distance['elements']}" + (" (sample)" if distance["sampled"] else "")
    error = number(distance["scaled_error"])
    return [share, number(distance["max_ulp"]), error, number(finding["floor"]), number(finding["ratio"])]


def _divergences(cells: list[Data], marks: dict[str, str]) -> str:
    """Return the table of first divergences, cells that part with the same bits at the same place in one row."""
    groups: dict[tuple[str, ...], list[Data]] = {}
    for cell in cells:
        for found in cell["divergences"]:
            at, after = found["at"], found["after"]
            row = (
                found["tier"],
                code(found["before"]),
                f"{code(marks[at['verdict']])} {code(at['stage'])}",
                _short(at),
                f"{code(after['stage'])} {_short(after)}" if after else "",
                code(f"{at['baseline'][:8]} {at['candidate'][:8]}"),
            )
            groups.setdefault(row, []).append(cell)
    rows = [[_cell_names(members), *row] for row, members in groups.items()]
    return table(["cells", "tier", "still the same", "first divergence", "size there", "then", "digests"], rows)


def _short(finding: Data) -> str:
    """Return the one number that says how large a difference is."""
    distance = finding["distance"]
    if not distance or distance["scaled_error"] is None:
        return escaped(finding["reason"])
    return f"{number(distance['scaled_error'])} eps, {distance['differing']} of {distance['elements']}"


def steps(data: Data, marks: dict[str, str]) -> str:
    """Return the table of releases against the one before each: verdict, and each changed stage with its cells."""
    rows = []
    for step in data["steps"]:
        parts = [
            f"{code(marks[change['verdict']])} {_place(change)}{_named(change['cells'])}"
            for change in sorted(step["changed"], key=lambda change: _order(change, marks))
            if change["verdict"] != "rounding"
        ]
        if rounded := [change for change in step["changed"] if change["verdict"] == "rounding"]:
            cells = list(dict.fromkeys(cell for change in rounded for cell in change["cells"]))
            parts.append(f"{code(marks['rounding'])} {_named(cells)}")
        verdict = f"{code(marks[step['verdict']])} {step['verdict']}"
        rows.append([escaped(step["from"]), escaped(step["to"]), verdict, "<br>".join(parts) or "nothing"])
    return table(["from", "to", "verdict", "what changed, and in which cells"], rows)


def _place(change: Data) -> str:
    return f"{change['tier']} {change['stage']}: " if change["stage"] else ""


def _order(change: Data, marks: dict[str, str]) -> tuple[int, bool, int]:
    return list(marks).index(change["verdict"]), change["tier"] != "native", place(change["stage"])


def _named(cells: list[str]) -> str:
    """Return cells given as ``mlp/tf2``, each model once, and of many only how many more there are."""
    modes: dict[str, list[str]] = {}
    for model, _, mode in (cell.partition("/") for cell in cells):
        modes.setdefault(model, []).append(mode)
    names = [code(f"{model}/{'+'.join(found)}") for model, found in modes.items()]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def between_modes(data: Data) -> list[Data]:
    """Return, per two modes and model, what its injected stages share, releases that agree in one row."""
    pairs: dict[tuple[str, str], dict[str, dict[tuple[str, ...], list[str]]]] = {}
    for found in data["between_modes"]:
        groups = pairs.setdefault(tuple(found["modes"]), {}).setdefault(found["model"], {})
        if found["stages"]:
            groups.setdefault(_shared(found["stages"]), []).append(found["environment"])
    headings = ["model", "same bits", "rounding", "beyond rounding", "in one mode only", "in"]
    sections = []
    for (first, other), models in pairs.items():
        rows = [
            [code(model), *shared, ", ".join(map(escaped, environments))]
            for model, groups in models.items()
            for shared, environments in groups.items()
        ]
        if rows:
            sections.append({"first": code(first), "other": code(other), "table": table(headings, rows)})
    return sections


def _shared(stages: list[Data]) -> tuple[str, ...]:
    """Return the stages by what they have in common: same bits, rounding, beyond it, only in one mode."""
    words = ("identical", "rounding", "different", "not comparable")
    columns: dict[str, list[str]] = {word: [] for word in words}
    for stage in stages:
        word = "different" if stage["verdict"] == "redrawn" else stage["verdict"]
        columns[word].append(stage["stage"])
    return tuple(", ".join(columns[word]) for word in words)
