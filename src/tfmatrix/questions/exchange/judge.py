"""Judging: what two sides recorded, as a verdict; pure functions, without files, stores or TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tfmatrix.compare.distance import Distance, size_of
from tfmatrix.compare.judging import LEAST_FLOOR, rounding_ratio
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange.results import BACK, LOST, NONE, OTHER, PREDICT, WEIGHTS, Judged, Side, Slots
from tfmatrix.records import CRASHED, FAILED, OBSERVED, UNSUPPORTED, Trial

Measure = Callable[[str, str], Distance]
"""From two digests to the distance of their tensors."""

Ratio = Callable[[str, str], float]
"""From full stage name and dtype to how many times the least noise floor of the matrix still counts as rounding."""


def usual_ratio(stage: str, dtype: str) -> float:
    """Return the ratio that holds where no policy says otherwise, which is the matrix's own."""
    del stage
    return rounding_ratio(dtype)


PHASES = ("write", "read", "use")


def judge(writer: Side, reader: Side, measure: Measure, ratio: Ratio = usual_ratio) -> Judged:
    """Return what became of what the writer wrote when the reader read it."""
    found = _of_writer(writer) or _of_reader(reader)
    if found:
        return found
    assert writer.tensors is not None
    assert reader.tensors is not None
    return _compared(writer.tensors, reader.tensors, reader.warnings, measure, ratio)


def _of_writer(side: Side) -> Judged | None:
    """Return the verdict of a pair of which nothing was written, None where something was."""
    trial = side.trial
    if trial is None:
        return Judged(Verdict.MISSING, side.refusal or "the writer was not run")
    if trial.outcome == OBSERVED:
        return None
    phase, text = _told(trial)
    if trial.outcome == UNSUPPORTED:
        return Judged(Verdict.UNSUPPORTED, trial.message)
    if _crashed(trial) or (trial.outcome == FAILED and phase == "write"):
        return Judged(Verdict.NOT_WRITTEN, text, phase="write", kind=trial.kind)
    return Judged(Verdict.MISSING, f"the writer {trial.outcome}: {trial.message}", kind=trial.kind)


def _of_reader(side: Side) -> Judged | None:
    """Return the verdict of a pair that nothing was read of, None where something was."""
    trial = side.trial
    if trial is None:
        return Judged(Verdict.MISSING, side.refusal or "the reader was not run")
    if trial.outcome == OBSERVED:
        return None
    phase, text = _told(trial)
    if trial.outcome == UNSUPPORTED:
        return Judged(Verdict.UNSUPPORTED, trial.message)
    if _crashed(trial):
        return Judged(Verdict.FAILED, text, kind=trial.kind)
    if trial.outcome == FAILED and phase:
        return Judged(Verdict.REFUSED, text, phase=phase, kind=trial.kind)
    return Judged(Verdict.MISSING, f"the reader {trial.outcome}: {trial.message}", kind=trial.kind)


def _crashed(trial: Trial) -> bool:
    """Return whether a trial's own process crashed by itself, and was not ended by something outside."""
    return trial.outcome == CRASHED and bool(trial.kind) and not trial.from_outside


def _told(trial: Trial) -> tuple[str, str]:
    """Return the phase that a trial's message begins with, empty where it names none, and what it says on one line."""
    phase, colon, text = trial.message.partition(": ")
    if colon and phase in PHASES:
        return phase, " ".join(text.split())
    return "", " ".join(trial.message.split())


def _compared(
    written: Mapping[str, str], read: Mapping[str, str], warnings: tuple[str, ...], measure: Measure, ratio: Ratio
) -> Judged:
    weights = _group(written, "weights")
    if not weights or not _group(written, "predict"):
        return Judged(Verdict.MISSING, "the writer recorded no weights or no predictions, so nothing was compared")
    absent, kept, other = (tuple(names) for names in _apart("weights", weights, written, read))
    slots = _slots(written, read)
    if absent or kept:
        return Judged(
            Verdict.PARTIAL,
            _partial(absent, kept, len(weights)),
            WEIGHTS,
            absent=absent,
            kept=kept,
            other=other,
            slots=slots,
            warnings=warnings,
        )
    if other:
        distance = measure(written[f"weights/{other[0]}"], read[f"weights/{other[0]}"])
        reason = f"{other[0]} is another, {_few(other, len(weights))}"
        return Judged(
            Verdict.DIFFERENT, reason, WEIGHTS, other=other, distance=distance, slots=slots, warnings=warnings
        )
    verdict, reason, apart = _predictions(written, read, measure, ratio)
    return Judged(verdict, reason, PREDICT, distance=apart, slots=slots, warnings=warnings)


def _group(tensors: Mapping[str, str], stage: str) -> list[str]:
    return [name.removeprefix(f"{stage}/") for name in tensors if name.startswith(f"{stage}/")]


def _apart(
    stage: str, names: list[str], written: Mapping[str, str], read: Mapping[str, str]
) -> tuple[list[str], list[str], list[str]]:
    """Return the names whose tensors are absent, are as they were before loading, and are others."""
    absent, kept, other = [], [], []
    for name in names:
        full = f"{stage}/{name}"
        found = read.get(full)
        if found is None:
            absent.append(name)
        elif found == written[full]:
            continue
        elif found == read.get(f"strange/{full}"):
            kept.append(name)
        else:
            other.append(name)
    return absent, kept, other


def _slots(written: Mapping[str, str], read: Mapping[str, str]) -> Slots:
    names = _group(written, "slots")
    if not names:
        return Slots(NONE)
    absent, kept, other = _apart("slots", names, written, read)
    for word, found in ((LOST, absent + kept), (OTHER, other)):
        if found:
            return Slots(word, min(found, key=names.index), len(found))
    return Slots(BACK)


def _partial(absent: tuple[str, ...], kept: tuple[str, ...], total: int) -> str:
    parts = []
    if kept:
        parts.append(f"{kept[0]} is as it was before loading, {_few(kept, total)}")
    if absent:
        parts.append(f"{absent[0]} is not there, {_few(absent, total)}")
    return "; ".join(parts)


def _few(names: tuple[str, ...], total: int) -> str:
    return f"{len(names)} of {total} weights"


def _predictions(
    written: Mapping[str, str], read: Mapping[str, str], measure: Measure, ratio: Ratio
) -> tuple[Verdict, str, Distance | None]:
    """Return the verdict of predictions from the same weights, and the distance of the farthest."""
    names = _group(written, "predict")
    if missing := [name for name in names if f"predict/{name}" not in read]:
        return Verdict.DIFFERENT, f"there is no prediction {missing[0]}", None
    apart = [
        (name, measure(written[f"predict/{name}"], read[f"predict/{name}"]))
        for name in _differing(names, written, read)
    ]
    if not apart:
        return Verdict.IDENTICAL, "", None
    name, farthest = max(apart, key=lambda pair: _times(pair[0], pair[1], ratio))
    reason = f"{name}: {farthest.differing} of {farthest.elements} numbers, scaled error {size_of(farthest):.2g}"
    return Verdict.ROUNDING if _times(name, farthest, ratio) <= 1 else Verdict.DIFFERENT, reason, farthest


def _times(name: str, distance: Distance, ratio: Ratio) -> float:
    """Return how many times what still is rounding a prediction's distance is."""
    return size_of(distance) / (ratio(f"predict/{name}", distance.dtype) * LEAST_FLOOR)


def _differing(names: list[str], written: Mapping[str, str], read: Mapping[str, str]) -> Iterator[str]:
    return (name for name in names if written[f"predict/{name}"] != read[f"predict/{name}"])
