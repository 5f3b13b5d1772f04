"""The report of an exchange in Markdown, rendered from the same data as `exchange.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tfmatrix.report.document import Data
from tfmatrix.report.releases import told, told_pairs
from tfmatrix.report.templates import fill
from tfmatrix.report.text import code, escaped, plain, table

GOOD = {"predicts the same bits", "predicts within rounding"}
"""Verdicts of pairs in which every weight came back."""

NOTHING = {"not written", "unsupported"}
"""Verdicts of pairs in which there was nothing to read."""

INCOMPLETE = "missing"

Group = tuple[str, str, str]
"""A table: format, mode, model."""


def render(data: Data) -> str:
    """Return the report as Markdown."""
    releases = [found["name"] for found in data["environments"]]
    groups = grouped(data)
    sections = {
        "headlines": list(headlines(data)),
        "incomplete": [escaped(line) for line in problems(data)],
        "legend": table(
            ["mark", "verdict", "meaning"], [[code(v["mark"]), v["name"], v["meaning"]] for v in data["verdicts"]]
        ),
        "tables": [_section(group, pairs, data) for group, pairs in groups.items()],
        "refusals": _messages(data, releases, ("refuses", "crashes")),
        "unwritten": _messages(data, releases, ("not written",), writers=True),
        "unsupported": _unsupported(data, releases),
        "silent": list(_silent(groups, releases)),
        "warnings": _warnings(data, releases),
        "environments": _environments(data),
    }
    return fill("exchange", data=data, **sections)


def grouped(data: Data) -> dict[Group, list[Data]]:
    """Return the pairs of each table, in the order in which they come."""
    groups: dict[Group, list[Data]] = {}
    for pair in data["pairs"]:
        groups.setdefault((pair["format"], pair["mode"], pair["model"]), []).append(pair)
    return groups


def headlines(data: Data) -> Iterator[str]:
    """Yield what matters, as lines of Markdown: what loads everywhere, and where the rest stops."""
    releases = [found["name"] for found in data["environments"]]
    order = [verdict["name"] for verdict in data["verdicts"]]
    lines: dict[str, list[Group]] = {}
    worst: dict[str, int] = {}
    for group, pairs in grouped(data).items():
        tried = [pair for pair in pairs if pair["verdict"] not in NOTHING]
        if tried:
            line = f"{_writers(tried, pairs, releases)}: {_outcome(tried, pairs, order, releases)}"
            lines.setdefault(line, []).append(group)
            worst[line] = min(order.index(pair["verdict"]) for pair in tried)
    for line, groups in sorted(lines.items(), key=lambda item: -worst[item[0]]):  # stable: what holds best, first
        yield f"{', '.join(map(_name, groups))}, {line}."


def _outcome(tried: list[Data], pairs: list[Data], order: list[str], releases: list[str]) -> str:
    """Return what became of the pairs of a table in which something was written."""
    bad = [pair for pair in tried if pair["verdict"] not in GOOD]
    if not bad:
        somewhere = any(pair["verdict"] == "unsupported" and pair["artefact"] for pair in pairs)
        later = f"every later one{' in which the model exists' if somewhere else ''}"
        return f"**all weights come back in the same release and in {later}**, {_predicted(tried)}"
    parts = [
        f"**{verdict}**: {f'{len(found)} pairs' if verdict == INCOMPLETE else '; '.join(_where(found, releases))}"
        for verdict in order
        if (found := [pair for pair in bad if pair["verdict"] == verdict])
    ]
    return f"all weights come back in {len(tried) - len(bad)} of {len(tried)} pairs; {'; '.join(parts)}"


def _name(group: Group) -> str:
    form, mode, model = group
    return f"{code(form)} ({mode}, {escaped(model)})"


def _writers(tried: Iterable[Data], pairs: Iterable[Data], releases: list[str]) -> str:
    """Return which releases write a format, by what was found."""
    writers = {pair["writer"] for pair in tried if pair["artefact"]}
    everybody = {pair["writer"] for pair in pairs}
    if writers == everybody:
        return "written by every release"
    unknown = {pair["writer"] for pair in tried} - writers
    names = told(sorted(writers, key=releases.index), releases) or "none"
    return f"written by {names}{', as far as is known' if unknown else ' only'}"


def _predicted(tried: list[Data]) -> str:
    rounding = sum(pair["verdict"] == "predicts within rounding" for pair in tried)
    if not rounding:
        return "with the same predictions"
    return f"with predictions within rounding in {'all' if rounding == len(tried) else rounding} of {len(tried)} pairs"


def _where(pairs: Iterable[Data], releases: list[str]) -> list[str]:
    return told_pairs([(pair["writer"], pair["reader"]) for pair in pairs], releases)


def _section(group: Group, pairs: list[Data], data: Data) -> Data:
    form = next(found for found in data["formats"] if found["name"] == group[0])
    told_of = [line for line in (_slots(pairs), _own_rounding(pairs, data)) if line]
    return {**form, "mode": group[1], "model": group[2], "table": _table(pairs, data), "notes": told_of}


def _table(pairs: list[Data], data: Data) -> str:
    """Return the table of writers by readers; a column that no pair has is left out."""
    marks = {verdict["name"]: verdict["mark"] for verdict in data["verdicts"]}
    cells = {
        (pair["writer"], pair["reader"]): code(
            marks[pair["verdict"]] + ("+" if pair["slots"]["word"] == "back" else "")
        )
        for pair in pairs
    }
    readers = list(dict.fromkeys(pair["reader"] for pair in pairs))
    writers = list(dict.fromkeys(pair["writer"] for pair in pairs))
    rows = [[escaped(writer), *(cells.get((writer, reader), "") for reader in readers)] for writer in writers]
    return table(["written by", *map(escaped, readers)], rows)


def _slots(pairs: list[Data]) -> str:
    """Return a sentence on the optimizer's slots, empty where nothing loads."""
    loaded = [pair for pair in pairs if pair["slots"]["word"] != "none"]
    back = sum(pair["slots"]["word"] == "back" for pair in loaded)
    return f"The optimizer's slots come back in {back} of {len(loaded)} pairs that load." if loaded else ""


def _own_rounding(pairs: list[Data], data: Data) -> str:
    """Return a sentence on releases whose own predictions differ: then the way of reading differs, not the release."""
    releases = [found["name"] for found in data["environments"]]
    own = [p["writer"] for p in pairs if p["writer"] == p["reader"] and p["verdict"].startswith("predicts within")]
    if not own:
        return ""
    return (
        f"Within one release predictions differ already in {told(own, releases)}: the way of reading rounds otherwise."
    )


def _messages(data: Data, releases: list[str], verdicts: tuple[str, ...], *, writers: bool = False) -> list[Data]:
    """Return the distinct messages of some verdicts and where each occurs, the most frequent first.

    With ``writers`` the writers alone are named: who would read does not matter there.
    """
    found: dict[str, list[Data]] = {}
    for pair in data["pairs"]:
        if pair["verdict"] in verdicts:
            when = f" ({pair['verdict']}{', on use' if pair['phase'] == 'use' else ''})"
            found.setdefault(f"{pair['kind']}: {pair['reason']}{when}", []).append(pair)
    return _listed(found, releases, writers=writers)


def _listed(found: dict[str, list[Data]], releases: list[str], *, writers: bool = False) -> list[Data]:
    """Return texts with the places where each occurs, the most frequent first."""
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [{"said": escaped(said), "places": _places(pairs, releases, writers=writers)} for said, pairs in ordered]


def _places(pairs: list[Data], releases: list[str], *, writers: bool) -> list[str]:
    """Return where some pairs are: the tables, and the releases in each; tables with the same ones together."""
    by_table: dict[str, list[Data]] = {}
    for pair in pairs:
        by_table.setdefault(f"{code(pair['format'])} {pair['mode']}", []).append(pair)
    same: dict[str, list[str]] = {}
    for name, found in by_table.items():
        alone = told(dict.fromkeys(pair["writer"] for pair in found), releases)
        same.setdefault(alone if writers else "; ".join(_where(found, releases)), []).append(name)
    return [f"{', '.join(names)}: {where}" for where, names in same.items()]


def _unsupported(data: Data, releases: list[str]) -> list[Data]:
    """Return the reasons why a model does not exist in a mode, and the releases in which it does not."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for pair in data["pairs"]:
        if pair["verdict"] == "unsupported":
            where = pair["reader"] if pair["artefact"] else pair["writer"]
            found.setdefault((pair["reason"], pair["model"], pair["mode"]), set()).add(where)
    return [
        {
            "said": escaped(reason),
            "places": [f"{escaped(model)}, {mode}: {told(sorted(names, key=releases.index), releases)}"],
        }
        for (reason, model, mode), names in found.items()
    ]


def _silent(groups: dict[Group, list[Data]], releases: list[str]) -> Iterator[str]:
    """Yield what does not come back though nothing is raised: weights, and slots that the format holds somewhere."""
    never = []
    for group, pairs in groups.items():
        for verdict in ("loads in part", "loads other bits"):
            found = [pair for pair in pairs if pair["verdict"] == verdict]
            for reason in dict.fromkeys(pair["reason"] for pair in found):
                where = "; ".join(_where([pair for pair in found if pair["reason"] == reason], releases))
                yield f"**weights**, {_name(group)}: {escaped(reason)}: {where}"
    for group, pairs in groups.items():
        held = any(pair["slots"]["word"] == "back" for pair in pairs)
        lost = [pair for pair in pairs if pair["slots"]["word"] in {"lost", "other"} and pair["verdict"] in GOOD]
        if held and lost:
            yield f"**slots**, {_name(group)}: {'; '.join(_where(lost, releases))}"
        elif lost:
            never.append(_name(group))
    if never:
        yield f"**slots**, never: {', '.join(never)}"


def _warnings(data: Data, releases: list[str]) -> list[Data]:
    found: dict[str, list[Data]] = {}
    for pair in data["pairs"]:
        for sentence in pair["warnings"]:
            found.setdefault(sentence[:LONGEST], []).append(pair)
    return _listed(found, releases)


LONGEST = 300
"""Characters of a warning that the report shows; `exchange.json` has the rest."""


def answer(data: Data) -> Iterator[str]:
    """Yield how many pairs came to what."""
    counts = Counter(pair["verdict"] for pair in data["pairs"])
    for verdict in data["verdicts"]:
        if counts[verdict["name"]]:
            yield f"{counts[verdict['name']]:>6}  {verdict['name']}"


def problems(data: Data) -> Iterator[str]:
    """Yield one line per distinct reason why pairs are missing, with how many."""
    found: dict[str, int] = {}
    for pair in data["pairs"]:
        if pair["verdict"] == INCOMPLETE:
            found[pair["reason"]] = found.get(pair["reason"], 0) + 1
    for reason, count in found.items():
        yield plain(f"{reason} ({count} pairs)")


def _environments(data: Data) -> str:
    rows = []
    for found in data["environments"]:
        packages, lock = found["packages"], found["lock"]
        versions = [escaped(packages.get(name, "")) for name in ("keras", "numpy", "h5py")]
        made = f"{code(lock['digest'][:12])} {lock['kind']}" if lock else escaped(found["unavailable"])
        rows.append([escaped(found["name"]), escaped(found["python"]), *versions, made])
    return table(["environment", "Python", "Keras", "NumPy", "h5py", "lock"], rows)
