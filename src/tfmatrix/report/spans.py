"""Pairs of a writer and a reader in words: runs of releases in place of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def told(chosen: Iterable[str], releases: Sequence[str]) -> str:
    """Return some releases as runs: ``2.8.4 to 2.12.1, 2.15.1``."""
    runs: list[list[str]] = []
    for name in chosen:
        if runs and releases.index(name) == releases.index(runs[-1][-1]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


class Grid:
    """Some pairs of a triangle: each release writes, itself and every later one read."""

    def __init__(self, pairs: Iterable[tuple[str, str]], releases: Sequence[str]) -> None:
        """Take the pairs, and all releases in order."""
        self._releases = releases
        self._readers: dict[str, list[str]] = {}
        for writer, reader in sorted(pairs, key=lambda pair: (self._place(pair[0]), self._place(pair[1]))):
            self._readers.setdefault(writer, []).append(reader)

    def told(self) -> list[str]:
        """Return phrases that together name every pair, and no other: ``2.8.4 to 2.10.1 in 2.11.1 to 2.21.0``."""
        groups: dict[str, list[str]] = {}
        for writer in self._readers:
            groups.setdefault(self._phrase(writer), []).append(writer)
        return [f"{told(writers, self._releases)} in {phrase}" for phrase, writers in groups.items()]

    def _place(self, release: str) -> int:
        return self._releases.index(release)

    def _phrase(self, writer: str) -> str:
        """Return who reads what a writer wrote, the same words for rows of the same shape."""
        readers = self._readers[writer]
        first, last = self._place(readers[0]), self._place(readers[-1])
        whole = last - first + 1 == len(readers)
        ends = last == len(self._releases) - 1
        if not whole or first > self._place(writer) + 1 or (first > self._place(writer) and not ends):
            return told(readers, self._releases)
        if first > self._place(writer):
            return "every later release" if last > first else told(readers, self._releases)
        if last == first and not ends:
            return "itself"
        return "itself and every later release" if ends else f"itself to {readers[-1]}"
