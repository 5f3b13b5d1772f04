"""Releases in words: runs in place of lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


def told(chosen: Iterable[str], releases: Sequence[str], *, shortest: int = 2) -> str:
    """Return some releases, in their order, as runs: ``2.8.4 to 2.12.1, 2.15.1``; shorter ones are listed."""
    runs: list[list[str]] = []
    places = {name: place for place, name in enumerate(releases)}
    for name in sorted(set(chosen), key=places.__getitem__):
        if runs and places[name] == places[runs[-1][-1]] + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(", ".join(run) if len(run) < shortest else f"{run[0]} to {run[-1]}" for run in runs)


def told_pairs(pairs: Iterable[tuple[str, str]], releases: Sequence[str]) -> list[str]:
    """Return phrases that together name every pair of writer and reader, and no other.

    What a release wrote is read by itself and every later one. Writers with the same readers share a phrase, ``2.8.4 to
    2.15.1 read in 2.16.2 to 2.21.0``, and so do those whose readers have one shape, ``itself and every later release``.
    """
    readers: dict[str, list[str]] = {}
    for writer, reader in sorted(pairs, key=lambda pair: (releases.index(pair[0]), releases.index(pair[1]))):
        readers.setdefault(writer, []).append(reader)
    shared = Counter(map(tuple, readers.values()))
    groups: dict[str, list[str]] = {}
    for writer, found in readers.items():
        alone = shared[tuple(found)] == 1
        groups.setdefault(_phrase(writer, found, releases) if alone else told(found, releases), []).append(writer)
    return [f"{told(writers, releases)} read in {phrase}" for phrase, writers in groups.items()]


def _phrase(writer: str, readers: list[str], releases: Sequence[str]) -> str:
    """Return who reads what a writer wrote, in the same words for rows of the same shape."""
    later = list(releases[releases.index(writer) :])
    if readers == [writer]:
        return "itself"
    if readers == later:
        return "itself and every later release"
    if len(readers) > 1 and readers == later[1:]:
        return "every later release"
    if readers == later[: len(readers)]:
        return f"itself to {readers[-1]}"
    return told(readers, releases)
