"""Parts of pages that several questions have."""

from __future__ import annotations

from building import MACHINE_OF_TESTS
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import Environment, InstalledEnvironment, Package
from tfmatrix.report import parts
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import environment_of, machine_of, meaning_of

ENVIRONMENT = Environment("2.16.2")
INSTALLED = InstalledEnvironment(
    ENVIRONMENT, "/python", "3.10.14", "ab" * 32, "today", (Package("keras", "3.11.3"), Package("numpy", "1.26.4"))
)


def cells(text: str) -> list[list[str]]:
    """Return the cells of a table's lines."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]


def test_an_environment_has_its_lock_or_why_it_cannot_be_had() -> None:
    """Each row has the columns that are asked for, and at its end the lock, the refusal, or that it was not made."""
    found = [
        environment_of(ENVIRONMENT, INSTALLED, ""),
        environment_of(ENVIRONMENT, None, "no wheel"),
        environment_of(ENVIRONMENT, None, ""),
    ]
    headings, _, *rows = cells(to_markdown([parts.environments(found, ("Python", "Keras", "h5py"))]))
    assert headings == ["environment", "Python", "Keras", "h5py", "lock"]
    assert rows == [
        ["2.16.2", "3.10.14", "3.11.3", "", "`abababababab` today"],
        ["2.16.2", "3.10", "", "", "no wheel"],
        ["2.16.2", "3.10", "", "", "not made"],
    ]


def test_an_environment_may_name_some_of_its_packages() -> None:
    """Only those that are asked for are in the record, and what moved only where that is known."""
    made = environment_of(ENVIRONMENT, INSTALLED, "", only=("keras", "tf-keras"))
    assert (made.packages, made.moved) == ({"keras": "3.11.3"}, None)


def test_a_machine_is_one_sentence() -> None:
    """Processor, size, system and GPUs, or that there is none."""
    told = parts.machine(machine_of(MACHINE_OF_TESTS))
    assert told.startswith(f"{MACHINE_OF_TESTS.cpu}, {MACHINE_OF_TESTS.cores} cores, ")
    assert told.endswith(", no GPU.")


def test_what_is_known_is_not_called_incomplete() -> None:
    """Without a problem there is nothing to be said of it."""
    assert list(parts.incomplete([])) == []
    assert to_markdown(list(parts.incomplete(["2.21.0 is unavailable"]))).endswith("\n- 2.21.0 is unavailable\n")


def test_a_legend_explains_each_verdict() -> None:
    """Mark, word and meaning stand beside each other."""
    _, _, row = cells(to_markdown([parts.legend([meaning_of(Verdict.IDENTICAL)])]))
    assert row == ["`=`", "identical", Verdict.IDENTICAL.meaning]
