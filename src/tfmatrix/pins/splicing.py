"""Changing one pin in the text of a file, and proving that nothing else changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.pins.document import Document, Keys, Mention, places
from tfmatrix.pins.files import Source
from tfmatrix.pins.syntax import Malformed, repinned

_BLANK = re.compile(r"[\s\\]+")


def with_version(source: Source, at: int, version: str, hashes: Sequence[str]) -> Source:
    """Return a file with another version, and hashes where there were hashes, in one of its mentions.

    Every place at which the old version stands in the mention's part of the text is tried, and the file parsed
    again: right is the one where this value, and of all values only this one, became what it should.
    Raises ``UserError`` where there is not exactly one.
    """
    mention = source.document.mentions[at]
    old = mention.reading.version
    wanted = dict(source.document.leaves)
    text = source.text
    try:
        wanted[mention.keys] = repinned(mention.written, mention.syntax, version)
    except Malformed as error:
        raise UserError(f"{source.shown}, {mention.where}: {error}; write the requirement plainly.") from None
    if mention.hashes:
        beside: Keys = (*mention.keys[:-1], "hashes")
        wanted[beside] = " ".join(hashes)
        text = _with_hashes(text, source.shown, mention, hashes)
    candidates = (text[:place] + version + text[place + len(old) :] for place in places(source.text, old, mention))
    parsed = ((candidate, _parsed(source, candidate)) for candidate in candidates)
    right = [(candidate, document) for candidate, document in parsed if document and document.leaves == wanted]
    if len(right) != 1:
        raise UserError(
            f"{source.shown}, {mention.where}: the version in {mention.written!r} cannot be changed by itself: it is "
            "spelled with escapes, over two lines or for several places; write it plainly."
        )
    return replace(source, text=right[0][0], document=right[0][1])


def _parsed(source: Source, text: str) -> Document | None:
    try:
        return source.kind.parse(text, source.shown)
    except UserError:
        return None


def _with_hashes(text: str, path: Path, mention: Mention, hashes: Sequence[str]) -> str:
    """Return a text with other hashes in a mention: the first ones take the places of the old, in their order.

    Further ones are parted, and introduced, as the last old one was.
    """
    old = mention.hashes
    breaks = [text[one.end : two.start] for one, two in itertools.pairwise(old)]
    around = [(text[each.start : each.value[0]], text[each.value[1] : each.end]) for each in old]
    if not all(_BLANK.fullmatch(each) for each in breaks):
        raise UserError(f"{path}, {mention.where}: other options stand between the hashes; put them behind.")
    last = breaks[-1] if breaks else text[mention.lead : old[0].start]
    pieces = []
    for at, digest in enumerate(hashes):
        if at:
            pieces.append(breaks[at - 1] if at <= len(breaks) else last)
        before, behind = around[min(at, len(around) - 1)]
        pieces.append(before + digest + behind)
    return text[: old[0].start] + "".join(pieces) + text[old[-1].end :]
