"""Every reference model, recorded op by op in every release and replayed there: nothing differs from itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfmatrix.environments import catalogue
from tfmatrix.questions.explain.kernels import kernels
from tfmatrix.questions.explain.streams import Recording, recorded
from tfmatrix.records import OBSERVED, UNSUPPORTED, InstalledEnvironment, Ops, Train
from tfmatrix.tables import DEFAULT_MODES

from .project import ROOT
from .replaying import Steps

pytestmark = [pytest.mark.integration, pytest.mark.wide]

MODELS = sorted((ROOT / "reference_models").glob("*.py"))
AT_ONCE = 6
"""Files whose steps are held at a time: an image model's take a hundred MB."""

REASONS = {
    "is a function",
    "is in a loop or a branch of the graph",
    "makes a resource",
    "takes a resource that is no variable",
}
"""Why an op is recorded and not replayed."""


@pytest.mark.parametrize("mode", DEFAULT_MODES)
@pytest.mark.parametrize("version", catalogue.RELEASES)
def test_every_model_replays_clean(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment], version: str, mode: str
) -> None:
    """Each op gives the bits that were recorded; one that is not replayed has a reason; most of all ops are."""
    made_environment(version)
    counts, reasons = {}, set[str]()
    for number in range(0, len(MODELS), AT_ONCE):
        steps = Steps(tmp_path / str(number), [version], MODELS[number : number + AT_ONCE], mode)
        steps.folder.mkdir(exist_ok=True)
        recordings = dict(recordings_of(steps, version))
        for name, own in steps.replay(version, recordings).items():
            found = kernels(recordings[name], own, own, steps.distance)
            assert found.unstable == (), name
            of_one = dict(found.coverage.reasons)
            reasons |= set(of_one)
            assert found.coverage.replayed + sum(of_one.values()) == found.coverage.recorded > 0, name
            counts[name] = found.coverage.replayed, found.coverage.recorded
    assert reasons <= REASONS
    replayed, of_all = map(sum, zip(*counts.values(), strict=True))
    print(f"{version} {mode}: {len(counts)} models, {replayed} of {of_all} ops; {sorted(reasons)}")  # noqa: T201  # -s shows it
    assert replayed > 0.7 * of_all  # of version 1 a quarter is in loops


def recordings_of(steps: Steps, version: str) -> Iterator[tuple[str, Recording]]:
    """Yield the step of each model that a release can train; one that it can't fails by itself as well."""
    names = [model.name for model in steps.models]
    for name, one in steps.run(version, dict.fromkeys(names, Ops())).items():
        outcome = one.trial.outcome
        if outcome == UNSUPPORTED:
            continue
        if outcome == OBSERVED:
            recording = recorded(one.trace, steps.tensors.__getitem__)
            assert recording, name
            yield name, recording
            continue
        trained = steps.run(version, {name: Train()})[name].trial
        assert trained.outcome == outcome, one.trial
