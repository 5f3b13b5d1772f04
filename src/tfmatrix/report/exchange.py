"""The report of an exchange in Markdown, rendered from the same data as `exchange.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import jinja2

from tfmatrix.report.spans import Grid, told
from tfmatrix.report.summary import Data
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
        "unwritten": _messages(data, releases, ("not written",)),
        "unsupported": _messages(data, releases, ("unsupported",)),
        "silent": list(_silent(groups, releases)),
        "warnings": _warnings(data, releases),
        "environments": _environments(data),
    }
    return _template().render(data=data, **sections).rstrip() + "\n"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # this is Markdown: what comes from elsewhere goes through the two filters
    )
    environment.filters |= {"escaped": escaped, "code": code}
    source = resources.files("tfmatrix.report").joinpath("exchange.md.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def grouped(data: Data) -> dict[Group, list[Data]]:
    """Return the pairs of each table, in the order in which they come."""
    groups: dict[Group, list[Data]] = {}
    for pair in data["pairs"]:
        groups.setdefault((pair["format"], pair["mode"], pair["model"]), []).append(pair)
    return groups


def headlines(data: Data) -> Iterator[str]:
    """Yield what matters, as lines of Markdown: what loads everywhere, and where the rest stops."""
    releases = [found["name"] for found in data["environments"]]
    whole: dict[tuple[str, str], list[str]] = {}
    others = []
    for group, pairs in grouped(data).items():
        tried = [pair for pair in pairs if pair["verdict"] not in NOTHING]
        bad = [pair for pair in tried if pair["verdict"] not in GOOD]
        if tried and not bad:
            key = _writers(tried, pairs, releases), _predicted(tried)
            whole.setdefault(key, []).append(_name(group))
        elif tried:
            others.append(
                f"{_name(group)}, {_writers(tried, pairs, releases)}: {_exceptions(bad, len(tried), releases)}"
            )
    for (writers, predicted), names in whole.items():
        everywhere = "**All weights come back in the same release and every later one**"
        yield f"{everywhere}, {writers}, {predicted}: {', '.join(names)}."
    yield from (f"{line}." for line in others)


def _name(group: Group) -> str:
    form, mode, model = group
    return f"{code(form)} ({mode}, {escaped(model)})"


def _writers(tried: Iterable[Data], pairs: Iterable[Data], releases: list[str]) -> str:
    """Return which releases write a format, by what was found."""
    writers = {pair["writer"] for pair in tried}
    if writers == {pair["writer"] for pair in pairs}:
        return "written by every release"
    return f"written by {told(sorted(writers, key=releases.index), releases)} only"


def _predicted(tried: list[Data]) -> str:
    rounding = sum(pair["verdict"] == "predicts within rounding" for pair in tried)
    if not rounding:
        return "with the same predictions"
    return f"with predictions within rounding in {'all' if rounding == len(tried) else rounding} of {len(tried)} pairs"


def _exceptions(bad: list[Data], tried: int, releases: list[str]) -> str:
    """Return what went wrong in a table, verdict by verdict, worst first as the pairs' order has them."""
    parts = [
        f"**{verdict}** {'; '.join(_where([p for p in bad if p['verdict'] == verdict], releases))}"
        for verdict in dict.fromkeys(pair["verdict"] for pair in bad)
    ]
    good = tried - len(bad)
    return f"all weights come back in {good} of {tried} pairs; {', '.join(parts)}"


def _where(pairs: Iterable[Data], releases: list[str]) -> list[str]:
    return Grid([(pair["writer"], pair["reader"]) for pair in pairs], releases).told()


def _section(group: Group, pairs: list[Data], data: Data) -> Data:
    form = next(found for found in data["formats"] if found["name"] == group[0])
    return {
        "name": group[0],
        "mode": group[1],
        "model": group[2],
        **form,
        "table": _table(pairs, data),
        "slots": _slots(pairs),
    }


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
    """Return a sentence on the optimizer's slots."""
    loaded = [pair for pair in pairs if pair["slots"]["word"] != "none"]
    back = sum(pair["slots"]["word"] == "back" for pair in loaded)
    if not loaded:
        return ""
    return f"The optimizer's slots come back in {back or 'none'} of the {len(loaded)} pairs that load."


def _messages(data: Data, releases: list[str], verdicts: tuple[str, ...]) -> str:
    """Return the distinct messages of some verdicts and where each occurs, the most frequent first."""
    found: dict[tuple[str, str, str, str], list[Data]] = {}
    for pair in data["pairs"]:
        if pair["verdict"] in verdicts:
            key = pair["verdict"], pair["phase"], pair["kind"], pair["reason"]
            found.setdefault(key, []).append(pair)
    rows = []
    for (verdict, phase, kind, reason), pairs in sorted(found.items(), key=lambda item: -len(item[1])):
        said = escaped(f"{kind}: {reason}" if kind and verdict != "unsupported" else reason)
        rows.append([said, f"{verdict}{f' ({phase})' if phase else ''}", str(len(pairs)), _places(pairs, releases)])
    return table(["message", "verdict", "pairs", "where"], rows, right=(2,))


def _places(pairs: list[Data], releases: list[str]) -> str:
    """Return where some pairs are: the tables, and the releases in each; tables with the same ones together."""
    by_table: dict[str, list[Data]] = {}
    for pair in pairs:
        by_table.setdefault(f"{code(pair['format'])} {pair['mode']}", []).append(pair)
    same: dict[str, list[str]] = {}
    for name, found in by_table.items():
        same.setdefault("; ".join(_where(found, releases)), []).append(name)
    return "<br>".join(f"{', '.join(names)}: {where}" for where, names in same.items())


def _silent(groups: dict[Group, list[Data]], releases: list[str]) -> Iterator[str]:
    """Yield what does not come back though nothing is raised: weights, and slots that the format holds somewhere."""
    for group, pairs in groups.items():
        for verdict in ("loads in part", "loads other bits"):
            found = [pair for pair in pairs if pair["verdict"] == verdict]
            for reason in dict.fromkeys(pair["reason"] for pair in found):
                where = "; ".join(_where([pair for pair in found if pair["reason"] == reason], releases))
                yield f"**{verdict}** {_name(group)}: {escaped(reason)} ({where})"
        held = any(pair["slots"]["word"] == "back" for pair in pairs)
        lost = [pair for pair in pairs if pair["slots"]["word"] in {"lost", "other"} and pair["verdict"] in GOOD]
        if held and lost:
            yield f"slots {_name(group)}: they come back elsewhere, and not {'; '.join(_where(lost, releases))}"
        elif lost:
            yield f"slots {_name(group)}: they never come back"


def _warnings(data: Data, releases: list[str]) -> str:
    found: dict[str, list[Data]] = {}
    for pair in data["pairs"]:
        for sentence in pair["warnings"]:
            found.setdefault(sentence, []).append(pair)
    rows = [
        [escaped(sentence[:LONGEST]), str(len(pairs)), _places(pairs, releases)]
        for sentence, pairs in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
    return table(["warning on reading", "pairs", "where"], rows, right=(1,))


LONGEST = 300
"""Characters of a warning that the report shows; `exchange.json` has the rest."""


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
