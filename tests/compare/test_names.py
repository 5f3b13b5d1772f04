"""Names and letters: stages taken apart, and classes of equal bits counted through the alphabet."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import plan_of
from tfmatrix.compare.letters import letters, whole_letters
from tfmatrix.compare.results import CellState
from tfmatrix.compare.stages import CHAIN, RANDOM, Stage, full_name, is_terminal, parse, place
from tfmatrix.records import Environment


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("loss", Stage("loss", None, "")),
        ("loss@0", Stage("loss", 0, "")),
        ("gradient@12/dense_1/kernel", Stage("gradient", 12, "dense_1/kernel")),
        ("init/w", Stage("init", None, "w")),
        ("init/a\nb", Stage("init", None, "a\nb")),
        ("init/", Stage("init", None, "")),
        ("Strange@x/w", Stage("Strange@x/w", None, "")),
    ],
)
def test_a_stages_name_is_taken_apart(name: str, stage: Stage) -> None:
    """Kind, step and variable are those that the name has; what is no name of ours is a kind of its own."""
    assert parse(name) == stage
    assert name in {full_name(stage), f"{full_name(stage)}/"}


def test_the_chain_is_the_order_of_a_training_run() -> None:
    """Each stage stands behind what feeds it, an unknown one behind all, and those that draw have their tests."""
    assert " ".join(CHAIN) == (
        "seed data draw shuffle init batch dropout forward statistics loss gradient update slots weights recorded "
        "history evaluate predict saved loaded final"
    )
    assert [place(kind) for kind in CHAIN] == list(range(len(CHAIN)))
    assert place("another") == len(CHAIN)
    assert RANDOM == {
        "seed": "seed", "draw": "numbers", "shuffle": "order", "init": "initial values", "dropout": "mask",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "terminal"),
    [
        ("seed/global", True),
        ("draw/normal", True),
        ("draw@0/dropout/uniform", False),
        ("shuffle@0", False),
        ("dropout@0/h", False),
        ("loss@0", False),
        ("loss@0/accuracy", True),
        ("history@0/loss", True),
        ("evaluate@0/loss", True),
        ("gradient@0/w", False),
        ("final/w", False),
        ("another@0/w", False),
    ],
)
def test_what_feeds_no_other_stage_is_terminal(name: str, terminal: bool) -> None:
    """A seed, numbers drawn outside of a step, and what a loop reports lead to no consequence; a step's draws do."""
    assert is_terminal(parse(name)) == terminal


def observed(folder: Path, versions: list[str], models: tuple[str, ...] = ("a", "b")) -> list[CellState]:
    """Return a state for each cell of a matrix, all of them with the same bits."""
    plan = plan_of(folder, models, versions=versions, baseline=versions[0])
    return [CellState(cell, "observed", trace="t") for cell in plan.trials]


def test_letters_go_through_the_alphabet_and_on(tmp_path: Path) -> None:
    """Each new class has the next letter: A to Z, then AA to AZ, BA and so on, and behind ZZ is AAA."""
    (first, *_) = observed(tmp_path, ["2.15.1"], ("a",))
    states = []
    for number in range(26 + 26 * 26 + 1):
        environment = Environment(f"2.15.{number}")
        cell = first.cell.__class__(environment, first.cell.launch, first.cell.mode, first.cell.model)
        states.append(CellState(cell, "observed", trace=str(number)))
    found = list(letters(states).values())
    assert [found[at] for at in (0, 1, 25, 26, 27, 51, 52, 701, 702)] == [
        "A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip
    assert len(set(found)) == len(found)


def test_each_model_has_letters_of_its_own_and_what_was_not_observed_has_none(tmp_path: Path) -> None:
    """Equal traces of one model share a letter, and each model begins with A."""
    states = observed(tmp_path, ["2.15.1", "2.16.2"])
    traces = {("2.15.1", "a"): "x", ("2.16.2", "a"): "y", ("2.15.1", "b"): "z", ("2.16.2", "b"): None}
    given = [CellState(s.cell, "", trace=traces[s.cell.environment.name, s.cell.model.name]) for s in states]
    found = {(cell.environment.name, cell.model.name): letter for cell, letter in letters(given).items()}
    assert found == {("2.15.1", "a"): "A", ("2.16.2", "a"): "B", ("2.15.1", "b"): "A"}


@pytest.mark.parametrize(
    ("outcome", "trace", "letter"),
    [
        ("observed", "t", "A"),
        ("observed", "other", "B"),
        ("unsupported", None, "B"),
        ("failed", None, None),
        ("missing", None, None),
    ],
)
def test_environments_share_a_letter_where_all_models_agree(
    tmp_path: Path, outcome: str, trace: str | None, letter: str | None
) -> None:
    """One model with other bits, or none, is another letter, and one that is not known leaves its environment none."""
    first, *others, last = observed(tmp_path, ["2.15.1", "2.16.2"])
    assert first.cell.environment != last.cell.environment
    found = whole_letters([first, *others, CellState(last.cell, outcome, trace=trace)])
    by_environment = {environment.name: given for (environment, _, _), given in found.items()}
    assert by_environment == {"2.15.1": "A"} | ({"2.16.2": letter} if letter else {})
