"""The Markdown report, rendered from the same data as `matrix.json`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pandas as pd

from tfmatrix.questions.matrix import changes, curves
from tfmatrix.questions.matrix.answer import left_out, problems
from tfmatrix.report.document import Data
from tfmatrix.report.templates import fill
from tfmatrix.report.text import code, escaped, plain, table


def render(data: Data) -> str:
    """Return the report as Markdown."""
    marks = {verdict["name"]: verdict["mark"] for verdict in data["verdicts"]}
    sections = {
        "repeated": _repeated(data["settings"]["trials"]),
        "one_cell": _one_cell(data),
        "answer": _answer(data, marks),
        "by_mode": _by_mode(data, marks),
        "by_model": list(_by_model(data, marks)),
        "left_out": left_out(data),
        "legend": _legend(data),
        "swappable": list(_swappable(data)),
        "steps": changes.steps(data, marks),
        "changes": list(changes.of_candidates(data, marks)),
        "pictures": [
            {"title": name.removesuffix(".svg"), "file": f"{curves.FOLDER}/{name}"} for name in curves.file_names(data)
        ],
        "between_modes": changes.between_modes(data),
        "problems": [escaped(line) for line in problems(_unanswered(data))],
        "unsupported": _unsupported(data),
        "unstable": [f"{code(c['id'])}: {escaped(c['reason'])}" for c in data["cells"] if c["outcome"] == "unstable"],
        "environments": _environments(data),
        "moved": list(_moved(data)),
    }
    return fill("matrix", data=data, **sections)


def _repeated(trials: int) -> str:
    """Return how often each cell was run, and what follows for the marks."""
    if trials == 1:
        return (
            "A cell was run once, and one model of each release and mode once more in a fresh process: only for these "
            "models is it shown that a difference is not one between two runs of one release."
        )
    return (
        f"A cell was run {trials} times, from two processes under two hash seeds, and one model of each release and "
        "mode once more in a fresh process; only where all of these gave the same bits is it compared with another. "
        "So a mark other than `~` never comes from one run differing from the next."
    )


def _one_cell(data: Data) -> str:
    """Return the options that compare one cell alone, the first that changed, without touching this report."""
    changed = [change["cell"] for candidate in data["candidates"] for change in candidate["first_changes"]]
    cell_id = changed[-1] if changed else data["cells"][-1]["id"]
    cell = next(cell for cell in data["cells"] if cell["id"] == cell_id)
    chosen = {"versions": cell["environment"], "models": cell["model"], "modes": cell["mode"]}
    chosen |= {"baseline": data["baseline"], "reports": "build/one-cell"}
    return " ".join(f"--{option} {shlex.quote(plain(value))}" for option, value in chosen.items())


def _answer(data: Data, marks: dict[str, str]) -> str:
    rows = []
    for candidate in data["candidates"]:
        counts = ", ".join(f"{count} {code(marks[name])}" for name, count in candidate["counts"].items())
        rows.append(
            [
                f"**{escaped(candidate['environment'])}**",
                f"{code(marks[candidate['verdict']])} {candidate['verdict']}",
                counts,
                "<br>".join(_first_change(first, marks) for first in candidate["first_changes"]),
            ]
        )
    return table(["upgrade to", "verdict", "cells", "the first change of each kind"], rows)


def _first_change(first: Data, marks: dict[str, str]) -> str:
    """Return the first change of one verdict as a line: its mark, the cell, the stage, and what became of it."""
    where = f"{code(marks[first['verdict']])} {code(first['model'] + '/' + first['mode'])}"
    finding = first["finding"]
    if not finding:
        return f"{where}: {escaped(first['reason'])}"
    return f"{where} {finding['tier']} {code(finding['stage'])}: {escaped(finding['reason'])}"


def _by_mode(data: Data, marks: dict[str, str]) -> str:
    frame = pd.DataFrame(
        {
            "version": row["environment"],
            "mode": mode["mode"] if mode["launch"] == "default" else f"{mode['mode']} {mode['launch']}",
            "shown": _shown(row["letter"], row["verdict"], marks),
        }
        for mode in data["modes"]
        for row in mode["environments"]
    )
    return _pivoted(frame, "version", "mode")


def _by_model(data: Data, marks: dict[str, str]) -> Iterator[Data]:
    """Yield a table of models by version for each mode and launch."""
    for mode in data["modes"]:
        frame = pd.DataFrame(
            {
                "model": cell["model"],
                "version": cell["environment"],
                "shown": _shown(cell["letter"], cell["verdict"] or _own(cell), marks),
            }
            for cell in data["cells"]
            if (cell["launch"], cell["mode"]) == (mode["launch"], mode["mode"])
        )
        yield {"mode": mode["mode"], "launch": mode["launch"], "table": _pivoted(frame, "model", "version")}


def _own(cell: Data) -> str:
    """Return the word for a baseline's own cell, which is compared with nothing: none where it was observed."""
    words = {"observed": "", "unsupported": "unsupported", "unstable": "unstable", "missing": "missing"}
    return words.get(cell["outcome"], "failed")


def _shown(letter: str, verdict: str, marks: dict[str, str]) -> str:
    return code(f"{letter}{marks[verdict] if verdict else ''}")


def _pivoted(frame: pd.DataFrame, rows: str, columns: str) -> str:
    """Return a frame's ``shown`` as a Markdown table, rows and columns in the order in which they come."""
    wide = frame.pivot(index=rows, columns=columns, values="shown")
    wide = wide.loc[frame[rows].unique(), frame[columns].unique()]
    body = [[code(name), *map(str, values)] for name, values in zip(wide.index, wide.to_numpy(), strict=True)]
    return table([rows, *map(escaped, wide.columns)], body)


def _legend(data: Data) -> str:
    return table(["mark", "verdict", "meaning"], [[code(v["mark"]), v["name"], v["meaning"]] for v in data["verdicts"]])


def _swappable(data: Data) -> Iterator[str]:
    """Yield a line per group of environments and modes in which every model has the same bits."""
    for mode in data["modes"]:
        groups: dict[str, list[str]] = {}
        for row in mode["environments"]:
            if row["letter"]:
                groups.setdefault(row["letter"], []).append(row["environment"])
        same = [" = ".join(map(escaped, names)) for names in groups.values() if len(names) > 1]
        where = code(mode["mode"]) if mode["launch"] == "default" else f"{code(mode['mode'])} {escaped(mode['launch'])}"
        none = "none; every release differs from every other somewhere" if groups else "not known"
        yield f"{where}: {'; '.join(same) or none}"


def _unanswered(data: Data) -> list[dict[str, Any]]:
    return [cell for cell in data["cells"] if cell["outcome"] not in {"observed", "unsupported", "unstable"}]


def _unsupported(data: Data) -> str:
    """Return the models that do not exist somewhere, with the reason and where."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for cell in data["cells"]:
        if cell["outcome"] == "unsupported":
            key = cell["model"], cell["mode"], cell["reason"]
            grouped.setdefault(key, []).append(cell["environment"])
    rows = [
        [code(f"{model}/{mode}"), escaped(reason), ", ".join(map(escaped, dict.fromkeys(names)))]
        for (model, mode, reason), names in grouped.items()
    ]
    return table(["model", "why it does not exist", "in"], rows)


def _environments(data: Data) -> str:
    rows = []
    for found in data["environments"]:
        packages, lock = found["packages"], found["lock"]
        rows.append(
            [
                escaped(found["name"]),
                escaped(found["distribution"]),
                escaped(found["python"]),
                escaped(packages.get("numpy", "")),
                escaped(packages.get("keras", "")),
                code(lock["digest"][:12]) + f" {lock['kind']}" if lock else escaped(found["unavailable"]),
            ]
        )
    return table(["environment", "distribution", "Python", "NumPy", "Keras", "lock"], rows)


def _moved(data: Data) -> Iterator[str]:
    """Yield a line per candidate: the packages that moved besides TensorFlow."""
    for found in data["environments"]:
        if found["moved"]:
            parts = [_move(before, after) for before, after in found["moved"]]
            yield f"**{escaped(found['name'])}**: {', '.join(parts)}"


def _move(before: list[str] | None, after: list[str] | None) -> str:
    if before and after:
        return f"{escaped(before[0])} {escaped(before[1])} → {escaped(after[1])}"
    if after:
        return f"{escaped(after[0])} added at {escaped(after[1])}"
    assert before
    return f"{escaped(before[0])} gone"
