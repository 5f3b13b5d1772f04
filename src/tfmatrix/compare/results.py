"""What a comparison finds: frozen records, from which every report is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tfmatrix.compare.alignment import Aligned
from tfmatrix.compare.distance import Distance
from tfmatrix.compare.ends import End, Spread
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import Cell, Environment, InstalledEnvironment, Machine, Package, Trial


@dataclass(frozen=True)
class CellState:
    """What the trials of one cell say together."""

    cell: Cell
    outcome: str
    """One of the outcomes, or ``missing``, or ``unstable`` where its trials disagree."""
    reason: str = ""
    trace: str | None = None
    """Digest of the trace that all its trials have."""
    trials: int = 0
    """How many trials, each with the same bits, this rests on; the witness counts."""
    evidence: Trial | None = None
    """The trial that failed, where one did."""
    jitters: tuple[str, ...] = ()
    """Digests of the traces with jittered inputs."""
    equivalent: str | None = None
    """Digest of the trace of the equivalent execution; None where it was not observed."""
    seeds: str | None = None
    """Digest of the trace with initial weights under other seeds."""
    starts: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """Digests of the traces that begin from the baseline's start, where some are needed, by the layers that are off."""
    effects: str | None = None
    """Digest of the trace with the effects of layers, where they are needed."""
    ensemble: tuple[str, ...] = ()
    """Digests of the traces of whole trainings under other seeds, as far as there are any."""
    outside: tuple[str, ...] = ()
    """What its trials read that lies outside of the project; sorted."""
    notes: tuple[str, ...] = ()
    """Sentences about what they may have read that could not be seen; sorted."""


class Tried(NamedTuple):
    """What came of another way to read a saved model that a release refuses."""

    way: str
    used: str
    """What its user does."""
    verdict: Verdict
    """Of its predictions, beside the baseline's; failed where it was refused too."""
    reason: str


class Explained(NamedTuple):
    """Whose one change of a cell is and what undoes it, as it was found out by trying."""

    tier: str
    stage: str
    """Its kind, ``update``; tier and stage are empty where the cell as a whole is meant, which did not run."""
    verdict: Verdict
    package: str
    """``Keras``; empty where nothing tells."""
    package_is: str
    """How much is known of that: ``proved``, ``consistent`` or ``not explained``."""
    undone: str
    """What its user does who wants the baseline's numbers back; empty where nothing that was tried brings them."""

    @property
    def place(self) -> str:
        """Return tier and stage, ``native/shuffle``; nothing where the cell as a whole is meant."""
        return f"{self.tier}/{self.stage}" if self.stage else ""


class Finding(NamedTuple):
    """One stage's difference, measured and judged."""

    tier: str
    stage: str
    """Full name."""
    verdict: Verdict
    reason: str
    distance: Distance | None = None
    floor: float | None = None
    """The largest scaled error of the jittered trials here; None where the stage has none."""
    ratio: float | None = None
    """Scaled error over the noise floor."""
    baseline: str = ""
    """Digest, empty where the baseline has no such stage."""
    candidate: str = ""


class StageResult(NamedTuple):
    """All names of one stage in one tier."""

    tier: str
    kind: str
    names: int
    differing: int
    verdict: Verdict | None
    """None where the stage differs only because an earlier one does: a consequence is not judged."""
    first: Finding | None = None
    """The first judged difference in the order of the run."""
    baseline: str = ""
    """Digest of all its names and tensors in the baseline."""
    candidate: str = ""
    worst: Finding | None = None
    """The judged difference with the worst verdict, and of these the one farthest beyond the noise floor."""
    verdicts: tuple[Verdict, ...] = ()
    """Every verdict that a judged difference has, worst first: a policy may let the worst pass, and not a lesser."""
    leads: bool = False
    """Whether later native differences may be only a consequence of one of these."""
    passed_over: int = 0
    """How many differing names are not measured, a later step of the same variable being judged in their place."""


class Divergence(NamedTuple):
    """Where two traces of one tier part."""

    tier: str
    at: Finding
    before: str
    """The stage before it, whose bits are the same; empty where it is the first of all."""
    after: Finding | None
    """The next stage that differs, measured."""


class CurvePoint(NamedTuple):
    """How far the weights are apart after one step."""

    step: int
    scaled_error: float
    floor: float | None


class OneSided(NamedTuple):
    """What is seen in one of two releases only, and leaves nothing else in doubt.

    That is a number that a loop reports beside others that it reports in both; the gradients where XLA hides those of
    one side; and what the candidate alone can read back of what both saved.
    """

    stage: str
    """Stage and name, without a step: ``loss/accuracy``; ``gradient`` or ``loaded`` for all of them."""
    side: str
    """``baseline`` or ``candidate``: which of the two has it."""


@dataclass(frozen=True)
class CellComparison:
    """A candidate's cell against the baseline's."""

    cell: Cell
    verdict: Verdict
    reason: str
    stages: tuple[StageResult, ...] = ()
    """In the order of the chain, the native tier first; identical ones too."""
    divergences: tuple[Divergence, ...] = ()
    """The first divergence of each tier that has one."""
    curve: tuple[CurvePoint, ...] = ()
    first: Finding | None = None
    """The first difference that has the cell's verdict, in the order of the run; None where no stages were compared."""
    aligned: Aligned | None = None
    """How the names of both sides were aligned; None where no stages were compared."""
    one_sided: tuple[OneSided, ...] = ()
    """What is said beside the verdict: it was compared with nothing, and nothing that was compared rests on it."""
    unreached: str = ""
    """The first stage that the start tier does not judge, because it was not handed over; empty where there is none."""
    off: tuple[str, ...] = ()
    """The layers that were off in the start and injected tiers, by their paths in the baseline: their draws have no
    counterpart."""
    ways: tuple[Tried, ...] = ()
    """Of a saved model that is refused, what came of other ways to read it."""
    ends: tuple[End, ...] = ()
    """What the training came to on both sides."""
    explained: tuple[Explained, ...] = ()
    """Whose its changes are and what undoes them, as far as that was found out by now."""


@dataclass(frozen=True)
class Step:
    """One environment against the one before it, in order of age."""

    before: Environment
    after: Environment
    cells: tuple[CellComparison, ...]


@dataclass(frozen=True)
class ModeComparison:
    """The injected tier of one model in the first mode and another, in one environment: one row per stage."""

    environment: Environment
    model: str
    modes: tuple[str, str]
    stages: tuple[StageResult, ...]


@dataclass(frozen=True)
class EnvironmentState:
    """An environment as the report shows it."""

    environment: Environment
    installed: InstalledEnvironment | None
    refusal: str = ""
    moved: tuple[tuple[Package | None, Package | None], ...] = ()
    """Packages that the baseline has otherwise, besides TensorFlow: the baseline's, this one's."""


@dataclass(frozen=True)
class Comparison:
    """Everything that a report says."""

    baseline: Environment
    environments: tuple[EnvironmentState, ...]
    states: tuple[CellState, ...]
    letters: Mapping[Cell, str]
    """The same letter for the same bits, within one model."""
    whole_letters: Mapping[tuple[Environment, str, str], str]
    """The same letter for environments whose models all have the same bits, by environment, launch and mode."""
    cells: tuple[CellComparison, ...]
    steps: tuple[Step, ...]
    modes: tuple[ModeComparison, ...]
    machine: Machine
    settings: dict[str, object]
    spreads: Mapping[Cell, tuple[Spread, ...]]
    """Of cells of the baseline, what their training comes to under other seeds."""
    root: str
    """The project's folder, which no report names."""
