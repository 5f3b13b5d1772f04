"""What is mutated, and which tests have to notice: the one place to change where files move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Sources to mutate and their unit tests, the quickest first: paths from the root, a folder with all below it."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group("compare", ("src/tfmatrix/compare",), ("tests/compare", "tests/questions/matrix")),
    Group("gate", ("src/tfmatrix/gate",), ("tests/gate",)),
    Group("store", ("src/tfmatrix/store",), ("tests/store", "tests/questions/matrix/test_run.py")),
    Group(
        "keys",
        ("src/tfmatrix/keys.py", "src/tfmatrix/runner/rounds.py"),
        (
            "tests/questions/matrix/test_plan.py",
            "tests/questions/recipes/test_plan.py",
            "tests/questions/exchange/test_plan.py",
            "tests/runner/test_rounds.py",
            "tests/store",
        ),
    ),
    Group(
        "probe",
        (
            "src/tfmatrix/probe/canonical.py",
            "src/tfmatrix/probe/evidence.py",
            "src/tfmatrix/probe/fingerprint.py",
            "src/tfmatrix/probe/loading.py",
            "src/tfmatrix/probe/messages.py",
            "src/tfmatrix/probe/recorder.py",
        ),
        ("tests/probe", "tests/questions/matrix/test_plan.py"),
    ),
)
