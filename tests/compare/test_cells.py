"""Cells: trials that should agree are held to each other, whatever each of them is for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building import BASELINE, Stages, add, fill, ones, plan_of, traced, trial
from tfmatrix.compare.cells import state_of
from tfmatrix.compare.results import CellState
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import PLAIN, ExpectedTrial, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

Answer = Callable[[ExpectedTrial], Stages | Trial]
Answering = Callable[[str, Answer], Answer]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of one model, whose cells have a witness each."""
    planned = plan_of(tmp_path)
    assert all("witness" in {expected.role for expected in trials} for trials in planned.trials.values())
    return planned


def answering(
    role: str, became: Callable[[ExpectedTrial], Stages | Trial]
) -> Callable[[ExpectedTrial], Stages | Trial]:
    """Return an answer in which all trials agree but those of one role."""
    return lambda expected: became(expected) if expected.role == role else ones()


def state(plan: Plan, store: Store, environment: str = BASELINE) -> CellState:
    """Return what the trials of one cell say together."""
    return next(found for cell, found in states(plan, store).items() if cell.environment.name == environment)


def test_a_witness_that_gives_other_bits_makes_its_cell_unstable(tmp_path: Path, plan: Plan) -> None:
    """A fresh process whose trace is not that of the forked trials is named, with the stage, and nothing is judged."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering("witness", lambda _: ones(gradient=[2.5] * 4)))
        found = state(plan, store)
        (compared,) = compare_all(plan, store).cells
    assert found.outcome == "unstable"
    assert found.reason == "3 trials gave 2 results; trial-1 and witness-1 first differ at native gradient@1/w"
    assert compared.verdict is Verdict.UNSTABLE


def test_a_witness_that_ends_otherwise_makes_its_cell_unstable(tmp_path: Path, plan: Plan) -> None:
    """A fresh process that crashes where forked trials are observed is no agreement."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering("witness", lambda expected: trial(expected, "crashed", message="m")))
        found = state(plan, store)
    assert (found.outcome, found.reason) == ("unstable", "trial-1 was observed, witness-1 was crashed")


@pytest.mark.parametrize(
    "end",
    [
        {"outcome": "timed-out", "message": "m: no answer within 3 s"},
        {"outcome": "crashed", "kind": "SIGKILL", "message": "m: killed by SIGKILL"},
        {"outcome": "failed", "kind": "OSError", "message": "m: OSError: No space left on device"},
    ],
    ids=lambda end: end["outcome"],
)
@pytest.mark.parametrize("role", ["trial", "witness"])
def test_what_the_machine_ended_says_nothing_of_whether_a_model_repeats_itself(
    tmp_path: Path, plan: Plan, role: str, end: dict[str, Any]
) -> None:
    """The cell ends as that trial did, with its reason: a slow machine or a full disk is no model that varies."""

    def became(expected: ExpectedTrial) -> Stages | Trial:
        last = expected.role == role and (role == "witness" or expected.number == 2)
        return trial(expected, **end) if last else ones()

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, became)
        found = state(plan, store)
        (compared,) = compare_all(plan, store).cells
    assert (found.outcome, found.trace) == (end["outcome"], None)
    assert end["message"] in found.reason
    assert compared.verdict is not Verdict.IDENTICAL


def test_other_bits_count_whatever_ended_a_third_trial(tmp_path: Path, plan: Plan) -> None:
    """Two trials that part show that a model varies."""

    def became(expected: ExpectedTrial) -> Stages | Trial:
        if expected.role == "witness":
            return ones(gradient=[2.5] * 4)
        return trial(expected, "timed-out", message="m") if expected.number == 2 else ones()

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, became)
        assert state(plan, store).outcome == "unstable"


@pytest.fixture
def parted() -> Answering:
    """Return a function like `answering`, of releases whose initial weights differ: other seeds are wanted then."""

    def answer(role: str, became: Answer) -> Answer:
        def of(one: ExpectedTrial) -> Stages | Trial:
            elsewhere = one.cell.environment.name != BASELINE
            return became(one) if one.role == role else ones(init=[2.0 if elsewhere else 1.0] * 40)

        return of

    return answer


@pytest.mark.parametrize("role", ["jitter", "seeds"])
def test_what_is_meant_to_differ_is_held_to_no_trial(tmp_path: Path, plan: Plan, parted: Answering, role: str) -> None:
    """Jittered inputs and other seeds give other bits on purpose, and the cell is observed."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, parted(role, lambda _: ones(gradient=[2.5] * 4)))
        found = state(plan, store)
    assert (found.outcome, found.trials) == ("observed", 3)


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timed-out"])
@pytest.mark.parametrize("role", ["jitter", "seeds"])
def test_a_jitter_or_seeds_trial_that_does_not_end_well_is_its_cells_outcome(
    tmp_path: Path, plan: Plan, parted: Answering, role: str, outcome: str
) -> None:
    """A cell whose noise floor or other seeds are not known is not observed, and says which trial failed and how."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, parted(role, lambda expected: trial(expected, outcome, kind="ValueError", message="m")))
        found = state(plan, store)
        (compared,) = compare_all(plan, store).cells
    assert (found.outcome, found.reason, found.trace) == (outcome, "ValueError: m", None)
    assert found.evidence is not None
    assert found.evidence.id.endswith(f" {role}-1")
    assert compared.verdict in {Verdict.FAILED, Verdict.NOT_COMPARABLE}


class Before:
    """What was run before, as a function of the trial that is expected says, and files that changed since."""

    def __init__(self, plan: Plan, last_called: Callable[[ExpectedTrial], Trial], changed: Sequence[str] = ()) -> None:
        self._expected = {one.id: one for trials in plan.trials.values() for one in trials}
        self._last_called = last_called
        self._changed = changed

    def last_called(self, id_: str) -> Trial:
        """Return what was run."""
        return self._last_called(self._expected[id_])

    def changed(self, trial: Trial) -> Sequence[str]:
        """Return the files that changed."""
        return [path for path, _ in trial.read if path in self._changed]


def told(folder: Path, plan: Plan, became: Sequence[Trial | None], **further: Any) -> CellState:
    """Return the state of the first cell of a plan, of whose trials the first ones became something."""
    cell, expected = next(iter(plan.trials.items()))
    with Store(folder / "store.sqlite") as store:
        pairs = list(zip(expected, became, strict=False))
        return state_of(cell, pairs, further.pop("refusal", ""), Tensors(store), **further)


@pytest.mark.parametrize(
    ("outcome", "evidence", "reason"),
    [
        ("failed", {"message": "m"}, "m"),
        ("failed", {"kind": "ValueError", "message": "m"}, "ValueError: m"),
        ("failed", {"kind": "ValueError", "message": "a ValueError"}, "a ValueError"),
        ("failed", {"kind": "ValueError", "message": "m", "where": "line 3"}, "ValueError: m (line 3)"),
        ("failed", {"message": "m on line 3", "where": "line 3"}, "m on line 3"),
        ("unsupported", {"kind": "Unsupported", "message": "m", "where": "line 3"}, "m (line 3)"),
    ],
)
def test_a_failure_is_told_once(
    tmp_path: Path, plan: Plan, outcome: str, evidence: dict[str, Any], reason: str
) -> None:
    """What the message says already, be it the exception or the line of the model file, is not said again."""
    failed = [trial(expected, outcome, **evidence) for expected in next(iter(plan.trials.values()))[:2]]
    found = told(tmp_path, plan, list(failed))
    assert (found.outcome, found.reason, found.trials, found.evidence) == (outcome, reason, 2, failed[0])


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "not run"),
        (["model"], "stale: run before the model changed"),
        (["model", "probe"], "stale: run before the model and the probe changed"),
    ],
)
def test_a_missing_trial_says_what_changed_since_it_was_run(
    tmp_path: Path, plan: Plan, names: list[str], reason: str
) -> None:
    """What a trial of the same name covered otherwise is named, and one that covered the same was not run."""

    def last_called(expected: ExpectedTrial) -> Trial:
        covers = tuple((name, "other" if name in names else value) for name, value in expected.covers)
        return replace(trial(expected, "failed"), covers=covers)

    found = told(tmp_path, plan, [None, None], before=Before(plan, last_called))
    assert (found.outcome, found.reason) == ("missing", reason)
    assert told(tmp_path, plan, [None, None]).reason == "not run"
    assert told(tmp_path, plan, [None, None], refusal="no Python").reason == "no Python"


@pytest.mark.parametrize(
    ("changed", "there", "reason"),
    [
        (["a.csv"], "", "stale: run before the file a.csv changed"),
        (["a.csv", "b.csv"], "", "stale: run before the file a.csv and the file b.csv changed"),
        (["a.csv"], "old", "stale: run before the file a.csv changed"),
        (["a.csv"], "new", "the file a.csv changed while the run went on; run again"),
    ],
)
def test_a_missing_trial_says_which_of_its_files_changed(
    tmp_path: Path, plan: Plan, changed: list[str], there: str, reason: str
) -> None:
    """The file that is not as it was is named; where another trial of the cell read it anew, it changed meanwhile."""

    def last_called(expected: ExpectedTrial) -> Trial:
        return trial(expected, "failed", read=(("a.csv", "old"), ("b.csv", "old")))

    first = next(iter(plan.trials.values()))[0]
    became = trial(first, "failed", read=(("a.csv", there),)) if there else None
    found = told(tmp_path, plan, [became, None], before=Before(plan, last_called, changed))
    assert (found.outcome, found.reason) == ("missing", reason)


@pytest.mark.parametrize("role", ["trial", "witness", "jitter", "seeds"])
def test_trials_that_read_other_bytes_are_not_judged(tmp_path: Path, plan: Plan, role: str) -> None:
    """Where two trials of a cell read one file with other bytes, whatever they are for, that is a disagreement."""
    expected = next(iter(plan.trials.values()))
    read = [(("a.csv", "new" if one.role == role and one != expected[0] else "old"),) for one in expected]
    trace, _ = traced(ones())
    became = [trial(one, trace=trace, read=files) for one, files in zip(expected, read, strict=True)]
    found = told(tmp_path, plan, became)
    assert (found.outcome, found.reason) == ("unstable", "the file a.csv changed while the run went on; run again")


def test_a_cell_without_any_expected_trial_is_missing(tmp_path: Path, plan: Plan) -> None:
    """Where nothing is expected nothing was observed."""
    assert (told(tmp_path, plan, []).outcome, told(tmp_path, plan, [], refusal="r").outcome) == ("missing",) * 2


@pytest.mark.parametrize("longer", ["trial", "witness"])
def test_trials_of_which_one_has_a_stage_more_part_there(tmp_path: Path, plan: Plan, longer: str) -> None:
    """Where all tensors of one trial are in the other too, they part at the first that is not."""
    more = {**ones(), "injected loss": [1.0], "injected weights/w": [2.0]}
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda expected: more if expected.role == longer else ones())
        found = state(plan, store)
    assert found.reason == "3 trials gave 2 results; trial-1 and witness-1 first differ at injected loss"


def test_trials_that_differ_in_the_order_of_their_stages_alone_part_there(tmp_path: Path, plan: Plan) -> None:
    """Their bits are the same, and yet they do not repeat each other."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering("witness", lambda _: dict(reversed(ones().items()))))
        found = state(plan, store)
    assert found.outcome == "unstable"
    assert found.reason.endswith(f"{next(reversed(ones()))}, which comes in another place")


@pytest.mark.parametrize("role", ["jitter", "seeds"])
def test_a_model_that_has_no_jitter_or_seeds_is_observed_without(
    tmp_path: Path, plan: Plan, parted: Answering, role: str
) -> None:
    """A trial on the side that is not supported leaves the cell observed, with the traces of the other role."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, parted(role, lambda expected: trial(expected, "unsupported", message="m")))
        found = state(plan, store)
    assert (found.outcome, found.trials) == ("observed", 3)
    assert (found.jitters, found.seeds) == (((), found.trace) if role == "jitter" else ((found.trace,), None))


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timed-out", "unsupported"])
def test_an_equivalent_execution_that_breaks_is_said_and_costs_the_cell_nothing(tmp_path: Path, outcome: str) -> None:
    """The cell stays observed, without that trace, and a note has the reason."""
    plan = plan_of(tmp_path, {"net": "def variables(): ..."})
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda e: trial(e, outcome, message="no") if e.role == "equivalent" else ones())
        found = state(plan, store)
        assert (found.outcome, found.equivalent, len(found.jitters)) == ("observed", None, 1)
        assert found.notes == (f"its equivalent execution counts for nothing: it was {outcome} (no)",)
        fill(store, plan, lambda _: ones())
        found = state(plan, store)
        assert (found.outcome, found.equivalent, found.notes) == ("observed", found.trace, ())


TRAINED = {**ones(), "native slots@1/w/m": [4.0], "native history@0/loss": [5.0]}
UNTAPPED = {name: values for name, values in TRAINED.items() if "gradient" not in name and "slots" not in name}


def with_a_plain_trial(
    folder: Path, plan: Plan, observed: Stages | Trial, plain: Stages | Callable[[ExpectedTrial], Trial] | None
) -> CellState:
    """Return the state of the first cell of a plan, all of whose trials are observed alike but for one without taps."""
    cell, (first, *others) = next(iter(plan.trials.items()))
    without = replace(first, role=PLAIN, number=0, key="plain")
    with Store(folder / "store.sqlite") as store:
        for expected in (first, *others):
            add(store, expected, replace(observed, key=expected.key) if isinstance(observed, Trial) else observed)
        if plain is not None:
            add(store, without, plain(without) if callable(plain) else plain)
        trials = [(expected, store.trial(expected.key)) for expected in (first, *others, without)]
        return state_of(cell, trials, "", Tensors(store))


def test_a_trial_without_taps_that_has_the_same_bits_is_no_result_of_its_own(tmp_path: Path, plan: Plan) -> None:
    """What it has is a part of what the taps saw: the cell is observed, with the observed trials' trace."""
    found = with_a_plain_trial(tmp_path, plan, TRAINED, UNTAPPED)
    assert (found.outcome, found.reason, found.trials) == ("observed", "", 3)
    assert found.trace == trace_digest(traced(TRAINED)[0])


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        ({**UNTAPPED, "native weights@1/w": [3.5] * 4},
         "observing it changes it, or it does not repeat itself: first at native weights@1/w"),
        ({**UNTAPPED, "native predict@0/y": [1.0]},
         "observing it changes it: the trial without taps has native predict@0/y, the observed one has not"),
        (lambda expected: trial(expected, "failed", kind="ValueError", message="m"),
         "observing it changes it: trial-1 was observed, plain, without taps, was failed (ValueError: m)"),
    ],
)  # fmt: skip
def test_what_observing_changes_makes_a_cell_unstable(tmp_path: Path, plan: Plan, plain: Any, reason: str) -> None:
    """Other bits, a stage that the taps did not see, and another outcome are each told with the stage or the reason."""
    found = with_a_plain_trial(tmp_path, plan, TRAINED, plain)
    assert (found.outcome, found.reason) == ("unstable", reason)
    assert found.trace is None


def test_a_script_that_only_fails_under_observation_says_so(tmp_path: Path, plan: Plan) -> None:
    """Where the run without taps ends well the observed one's failure is the observer's, and is told."""
    _, (first, *_) = next(iter(plan.trials.items()))
    failed = trial(first, "failed", message="updates and no gradients")
    found = with_a_plain_trial(tmp_path, plan, failed, UNTAPPED)
    assert (found.outcome, found.reason) == (
        "unstable",
        "observing it changes it: trial-1 was failed (updates and no gradients), plain, without taps, was observed",
    )


def test_a_script_that_fails_either_way_has_failed(tmp_path: Path, plan: Plan) -> None:
    """The script's own error is its outcome, and no disagreement."""
    _, (first, *_) = next(iter(plan.trials.items()))
    found = with_a_plain_trial(
        tmp_path, plan, trial(first, "failed", message="m"), lambda expected: trial(expected, "failed", message="n")
    )
    assert (found.outcome, found.reason) == ("failed", "m")


def test_a_trial_without_taps_that_was_not_run_leaves_its_cell_missing(tmp_path: Path, plan: Plan) -> None:
    """Nobody knows then whether observing changes anything."""
    assert with_a_plain_trial(tmp_path, plan, TRAINED, None).outcome == "missing"


@pytest.mark.parametrize("plain", [{}, {"native seed/global": [1.0]}])
def test_a_trial_without_taps_that_has_nothing_is_a_failure(tmp_path: Path, plan: Plan, plain: Stages) -> None:
    """Nothing is a part of everything: a run without weights, history or predictions shows nothing."""
    found = with_a_plain_trial(tmp_path, plan, {**TRAINED, **plain}, plain)
    assert found.outcome == "failed"
    assert found.reason == "the trial without taps recorded nothing, so nobody knows whether observing changes anything"


@pytest.mark.parametrize(
    ("lost", "what"),
    [
        (["gradient"], ""),
        (["weights"], "by gradient, slots, history, and no weights were seen"),
        (["weights", "gradient", "slots"], "by history, and no weights were seen"),
        (["weights", "gradient", "slots", "history"], ""),
    ],
)
def test_a_recorder_that_lost_the_model_has_failed(tmp_path: Path, plan: Plan, lost: list[str], what: str) -> None:
    """Training without weights vouches for nothing, though all trials agree; gradients may be hidden, as XLA's are."""
    observed = {**TRAINED, "native predict@0/y": [6.0]}
    seen = {name: v for name, v in observed.items() if not any(name.startswith(f"native {kind}") for kind in lost)}
    plain = {name: v for name, v in seen.items() if "gradient" not in name and "slots" not in name}
    found = with_a_plain_trial(tmp_path, plan, seen, plain)
    assert (found.outcome, found.reason) == (
        ("failed" if what else "observed"),
        f"training was seen {what}" if what else "",
    )


@given(st.dictionaries(st.sampled_from("abcd"), st.booleans(), min_size=1))
@settings(derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_trial_without_taps_is_held_to_each_of_its_stages(tmp_path: Path, plan: Plan, kept: dict[str, bool]) -> None:
    """Any part of the observed trace agrees with it, and none does as soon as one stage has other bits."""
    observed = {f"native predict@0/{name}": [1.0] for name in "abcd"}
    plain = {f"native predict@0/{name}": [1.0 if same else 2.0] for name, same in kept.items()}
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        found = with_a_plain_trial(Path(folder), plan, observed, plain)
    assert found.outcome == ("observed" if all(kept.values()) else "unstable")
